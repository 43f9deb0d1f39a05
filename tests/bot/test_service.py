"""The service as its operator meets it: it starts, answers, and stops without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import signal
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.delivery.worker import Worker
from bot.platforms.base import Platform, Put
from bot.service.clock import system_clock
from bot.service.service import Service
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import load_settings
from storage.database.base import first_id_of, new_id
from storage.mail.chats import chats
from storage.mail.inbox import DONE, inbox
from storage.mail.messages import Incoming
from storage.mail.outbox import SENT, Letter, outbox
from storage.people.persons import persons
from tests.support.commands import add_people, cunbao, free_port, started
from tests.support.town import START


class Slow(Platform):
    """A platform that has got messages for us, and whose sends end when the test says so."""

    name = "slow"

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self.taken = asyncio.Event()
        self.sending = asyncio.Event()
        self.go_on = asyncio.Event()
        self.sent = 0

    async def receive(self, put: Put) -> None:
        for number in range(self._messages):
            await put([Incoming(address=f"slow:{number}", key=f"slow:{new_id()}", at=START, text="您好")])
        self.taken.set()
        await asyncio.Event().wait()

    async def send(self, letter: Letter) -> str:
        self.sending.set()
        await self.go_on.wait()
        self.sent += 1
        return str(letter.id)


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    async with open_installation(load_settings(data_dir=tmp_path, worker_process=False), lambda _: None) as made:
        yield made


async def test_stopping_finishes_what_is_under_way(installation: Installation) -> None:
    platform = Slow(messages=20)
    service = Service(installation, others=[platform])
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop, socket.create_server(("127.0.0.1", 0))))
    await platform.taken.wait()
    await platform.sending.wait()
    stop.set()
    await asyncio.sleep(0)
    platform.go_on.set()
    await asyncio.wait_for(running, 30)
    async with installation.database.read() as conn:
        mail = (await conn.execute(sa.select(inbox.c.state))).scalars().all()
        letters = (await conn.execute(sa.select(outbox.c.state))).scalars().all()
    assert len(mail) == 20
    assert "sending" not in letters
    assert letters.count(SENT) == platform.sent > 0
    assert len(letters) == mail.count(DONE)


async def test_what_was_left_is_done_at_the_next_start(installation: Installation) -> None:
    """Nothing said before a stop is lost, whether or not it had been worked on."""
    first = Slow(messages=20)
    first.go_on.set()
    stop = asyncio.Event()
    running = asyncio.create_task(Service(installation, others=[first]).run(stop, socket.create_server(("127.0.0.1", 0))))
    await first.taken.wait()
    stop.set()
    await asyncio.wait_for(running, 30)
    second = Slow(messages=0)
    second.go_on.set()
    service = Service(installation, others=[second])
    assert isinstance(service.worker, Worker)
    while await service.worker.work():
        pass
    await service.sender.drain()
    assert first.sent + second.sent == 20


async def test_a_clock_that_jumps_a_year_ahead_holds_up_nobody_and_leaves_no_trace(installation: Installation) -> None:
    jumps = [timedelta()]
    platform = Slow(messages=1)
    platform.go_on.set()
    service = Service(installation, lambda: system_clock() + jumps[-1], others=[platform])
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop, socket.create_server(("127.0.0.1", 0))))
    await platform.taken.wait()
    for days in (365, 730, 0):
        jumps.append(timedelta(days=days))
        platform.sending.clear()
        await service.intake.put([Incoming(address="slow:0", key=f"slow:{days}", at=system_clock(), text="您好")])
        await asyncio.wait_for(platform.sending.wait(), 60)
    stop.set()
    await asyncio.wait_for(running, 60)
    soon = system_clock() + timedelta(minutes=5)
    async with installation.database.read() as conn:
        mail = (await conn.execute(sa.select(inbox.c.id, inbox.c.received_at))).all()
        letters = (await conn.execute(sa.select(outbox.c.id, outbox.c.not_before))).all()
    assert len(mail) == 4
    assert all(row_id < first_id_of(soon) and moment < soon for row_id, moment in [*mail, *letters])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    process = started(tmp_path, web_port=str(free_port()))
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors.rstrip().endswith("stopped")


def test_a_folder_serves_one_process_and_is_free_after_a_crash(tmp_path: Path) -> None:
    port = str(free_port())
    process = started(tmp_path, web_port=port)
    second = cunbao(tmp_path, "run", web_port=str(free_port()))
    assert second.returncode == 3
    assert "正由另一个 cunbao 使用" in second.stderr
    process.kill()
    process.communicate(timeout=30)
    third = started(tmp_path, web_port=port)
    third.terminate()
    third.communicate(timeout=30)
    assert third.returncode == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = cunbao(tmp_path, "run", web_port=str(taken.getsockname()[1]))
    assert refused.returncode == 3
    assert "CUNBAO_WEB_PORT" in refused.stderr


def _get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers or {})
    with contextlib.closing(connection), connection.getresponse() as answer:
        return answer.status, answer.read().decode()


def test_health_and_metrics(tmp_path: Path) -> None:
    port = free_port()
    process = started(tmp_path, web_port=str(port))
    assert _get(port, "/healthz") == (200, '{"ok":true}')
    status, metrics = _get(port, "/metrics")
    assert status == 200
    assert "cunbao_outbox_waiting" in metrics
    for passed_on in ({"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1"}, {"Host": "cunbao.example"}):
        assert _get(port, "/metrics", passed_on)[0] in (404, 421)
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


async def test_a_phone_shows_whose_it_is(installation: Installation) -> None:
    """The service looks a page's heading up as the page asks for it."""
    await add_people(installation, "李村")
    async with installation.database.write() as conn:
        person_id = (await conn.execute(sa.select(persons.c.id))).scalar_one()
        chat = {"address": "web:1", "platform": "web", "person_id": person_id, "last_seen": START}
        await conn.execute(chats.insert(), chat)
    heading = await Service(installation).web.heading("web:1")
    assert heading.title == "白塔村 村干部"
    assert heading.in_office
