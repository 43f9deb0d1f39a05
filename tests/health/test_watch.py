"""Healthy means working: each thing that stops people from being served is seen, named, and told to the office."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.platforms.base import Platform, Put
from bot.platforms.standing import Standing
from bot.service import checks, health
from bot.service.watch import KINDS, Cause, Check, Watch
from storage.database.connection import Database
from storage.database.reading import Damage
from storage.database.transaction import transaction
from storage.database.troubles import open_troubles
from storage.mail import inbox, outbox
from storage.mail.messages import Incoming, Outgoing
from storage.mail.outbox import Letter
from tests.support.paths import ROOT
from tests.support.town import START, VAULT, Town


class Time:
    """A steady clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pass_(self, town: Town | None, seconds: float) -> None:
        self.seconds += seconds
        if town is not None:
            town.now += timedelta(seconds=seconds)


class Phones(Platform):
    """A platform that is there to be reached."""

    name = "test"

    def __init__(self, time: Time) -> None:
        self._standing = Standing("Test", time)

    @property
    def standing(self) -> Standing:
        return self._standing

    async def receive(self, put: Put) -> None:
        raise NotImplementedError

    async def send(self, letter: Letter) -> str:
        raise NotImplementedError


@pytest.fixture
def time() -> Time:
    return Time()


def keys(causes: Sequence[Cause]) -> list[str]:
    return [cause.key for cause in causes]


async def looked(watch: Watch) -> list[str]:
    await watch.look()
    return keys(watch.causes)


def watch_of(town: Town, time: Time, **looks: Check) -> Watch:
    return Watch(looks, town.database, town.clock, "main", time)


# Mail


async def test_mail_that_nobody_works_on_is_seen_within_two_minutes(town: Town, time: Time) -> None:
    check = checks.MailCheck(town.database, ["test"], town.clock, time)
    assert not await check()
    await town.intake.put([Incoming(address="test:李村", key="1", at=town.now, text="/report")])
    seen = []
    for _ in range(12):
        seen.append(keys(await check()))
        time.pass_(town, 10)
    assert seen[0] == []
    assert seen[-1] == ["mail:late"]
    await town.settle()
    assert not await check()


async def test_mail_is_seen_to_stand_still_whatever_the_wall_clock_says(town: Town, time: Time) -> None:
    await town.intake.put([Incoming(address="test:李村", key="1", at=town.now, text="/report")])
    town.now -= timedelta(hours=1)
    check = checks.MailCheck(town.database, ["test"], town.clock, time)
    await check()
    time.pass_(None, 61)
    assert keys(await check()) == ["mail:late"]


async def test_what_was_left_by_the_run_before_is_no_trouble_while_it_is_worked_on(town: Town, time: Time) -> None:
    await town.intake.put([Incoming(address="test:李村", key="1", at=town.now, text="/report")])
    town.now += timedelta(hours=8)
    check = checks.MailCheck(town.database, ["test"], town.clock, time)
    assert not await check()
    await town.settle()
    time.pass_(town, 10)
    assert not await check()


async def test_mail_held_back_after_a_failure_is_no_trouble(town: Town, time: Time) -> None:
    await town.intake.put([Incoming(address="test:李村", key="1", at=town.now, text="/report")])
    async with town.database.write() as conn:
        waiting, _ = await inbox.claim(conn, VAULT, ["test"], town.now, 1, Damage())
        await inbox.mark_failed(conn, waiting["test:李村"][0], "locked", dead=False, now=town.now + timedelta(hours=1))
    check = checks.MailCheck(town.database, ["test"], town.clock, time)
    await check()
    time.pass_(town, 61)
    assert not await check()


async def die(town: Town, *names: str) -> None:
    messages = [Incoming(address=f"test:{name}", key=name, at=town.now, text="/report") for name in names]
    await town.intake.put(messages)
    async with town.database.write() as conn:
        waiting, _ = await inbox.claim(conn, VAULT, ["test"], town.now, len(names), Damage())
        for [mail] in waiting.values():
            await inbox.mark_failed(conn, mail, "KeyError", dead=True, now=town.now)


async def test_messages_of_several_people_that_fail_are_a_trouble_and_those_of_one_are_not(town: Town) -> None:
    check = checks.DeadLetterCheck(town.database, town.clock)
    await die(town, "李村", "孙村")
    assert not await check()
    await die(town, "周镇")
    assert keys(await check()) == ["dead:several"]
    town.now += timedelta(minutes=6)
    assert not await check()


# Outbox


async def post(town: Town, text: str) -> None:
    async with transaction(town.database, town.now) as tx, tx.session() as session:
        outbox.post(session, "test:李村", Outgoing(text=text))


async def test_an_outbox_that_does_not_move_is_seen(town: Town, time: Time) -> None:
    phones = Phones(time)
    check = checks.OutboxCheck(town.database, "main", [phones], town.clock, time)
    await post(town, "好")
    await check()
    time.pass_(town, 61)
    assert keys(await check()) == ["outbox:test"]
    await town.settle()
    assert not await check()


async def test_a_send_that_never_ends_is_seen(town: Town, time: Time) -> None:
    check = checks.OutboxCheck(town.database, "main", [Phones(time)], town.clock, time)
    await post(town, "好")
    async with town.database.write() as conn:
        await outbox.claim(conn, "main", ["test"], town.now, 1)
    await check()
    time.pass_(town, 121)
    assert keys(await check()) == ["outbox:test"]


async def test_an_outbox_of_a_platform_that_refuses_us_waits_for_it(town: Town, time: Time) -> None:
    phones = Phones(time)
    phones.standing.refuse("401")
    check = checks.OutboxCheck(town.database, "main", [phones], town.clock, time)
    await post(town, "好")
    await check()
    time.pass_(town, 600)
    assert not await check()


# Platforms, ticks, the worker process


async def test_a_platform_that_is_silent_or_refuses_us_is_named(time: Time) -> None:
    phones = Phones(time)
    check = checks.PlatformCheck([phones], {"test": "测试台"}.get)  # type: ignore[arg-type]  # never None here
    assert not await check()
    time.seconds = 91
    [silent] = await check()
    assert (silent.key, silent.words[:6]) == ("platform:test:silent", "连不上 测试")
    phones.standing.refuse("401")
    assert keys(await check()) == ["platform:test:refused"]
    phones.standing.hear()
    assert not await check()


async def test_a_late_tick_is_named() -> None:
    late = {"remind": 0.0, "gauges": 5.0}
    check = checks.TickCheck(lambda: late)
    assert not await check()
    late["remind"] = 61
    assert keys(await check()) == ["tick:remind"]


async def test_a_worker_process_that_keeps_dying_is_seen(time: Time) -> None:
    time.seconds = 1000
    assert not await checks.WorkerCheck([100, 200, 300, 990, 995], time)()
    assert keys(await checks.WorkerCheck([900, 990, 995], time)()) == ["worker:dying"]


# The disk


async def test_a_disk_that_is_nearly_full_is_seen(tmp_path: Path) -> None:
    gb = 1024**3

    async def found(total: int, free: int) -> list[str]:
        return keys(await checks.DiskCheck(tmp_path, lambda _: (total, total - free, free))())

    assert await found(100 * gb, 6 * gb) == []
    assert await found(100 * gb, 4 * gb) == ["disk:full"]
    assert await found(2 * gb, 190 * 1024**2) == ["disk:full"]
    assert await found(16_000 * gb, 30 * gb) == [], "a twentieth of a huge disk is more than a town ever fills"


async def test_a_folder_that_takes_no_file_is_seen(town: Town, tmp_path: Path) -> None:
    media = tmp_path / "media"
    assert not await checks.WriteCheck(town.database, media)()
    (media / ".watch").mkdir()
    [cause] = await checks.WriteCheck(town.database, media)()
    assert cause.key == "write:media"


async def test_a_folder_that_takes_no_new_file_is_seen_and_told_in_words(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / ".watch").write_bytes(b"left by a crash")
    assert not await checks.WriteCheck(town.database, media)()
    assert not list(media.iterdir())

    def refuse(path: Path, flags: int, mode: int) -> int:
        assert flags & os.O_EXCL
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(os, "open", refuse)
    [cause] = await checks.WriteCheck(town.database, media)()
    assert cause.words == "照片和文件存不下来。media 目录 在只读的硬盘上，写不了。请重新挂载硬盘，或换个地方。"


@pytest.mark.sqlite_only
async def test_a_database_that_takes_no_row_is_seen(database: Database, tmp_path: Path) -> None:
    check = checks.WriteCheck(database, tmp_path / "media")
    assert not await check()
    async with database.engine.connect() as conn:
        await conn.exec_driver_sql("PRAGMA query_only=ON")
    [cause] = await check()
    assert cause.key == "write:database"
    assert cause.words.startswith("数据库只能读，不能写。请")


async def test_a_database_that_is_away_is_named_and_the_rest_still_looked_at(town: Town, time: Time) -> None:
    async def away() -> Sequence[Cause]:
        raise ConnectionRefusedError

    watch = watch_of(town, time, mail=away, tick=checks.TickCheck(lambda: {"remind": 100.0}))
    assert await looked(watch) == ["database:away", "tick:remind"]


def destroy(file: Path) -> None:
    """All but the first page."""
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 200_000)


@pytest.mark.sqlite_only
async def test_a_destroyed_page_is_named_with_the_way_back(database: Database, time: Time) -> None:
    destroy(Path(database.url.database or ""))
    watch = Watch({"mail": checks.MailCheck(database, ["test"], lambda: START, time)}, database, lambda: START, "main", time)
    assert await looked(watch) == ["database:damaged"]
    assert "cunbao restore" in watch.causes[0].words


# What follows from it


class Fault:
    """A check whose outcome the test decides."""

    def __init__(self, *causes: Cause) -> None:
        self.causes = list(causes)

    async def __call__(self) -> Sequence[Cause]:
        return self.causes


LATE = Cause("mail:late", "有人发来的消息超过一分钟没有处理。", restart=True)


async def test_healthz_names_each_cause_in_english_and_chinese(town: Town, time: Time) -> None:
    fault = Fault()
    watch = watch_of(town, time, mail=fault)
    client = TestClient(Starlette(routes=health.routes(watch)), "http://127.0.0.1", client=("127.0.0.1", 1))
    await watch.look()
    assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"ok": True})
    fault.causes = [LATE]
    await watch.look()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "causes": [{"key": "mail:late", "words": LATE.words}]}
    assert 'cunbao_trouble{kind="mail"} 1.0' in client.get("/metrics").text
    fault.causes = []
    await watch.look()
    assert client.get("/healthz").status_code == 200
    assert 'cunbao_trouble{kind="mail"} 0.0' in client.get("/metrics").text


async def test_a_watch_that_does_not_look_any_more_is_red_itself(town: Town, time: Time) -> None:
    watch = watch_of(town, time, mail=Fault())
    await watch.look()
    time.seconds += 61
    assert keys(watch.causes) == ["part:watch"]
    assert not watch.works


async def test_a_check_that_hangs_or_fails_is_red_and_holds_up_no_other(
    town: Town, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hanging() -> Sequence[Cause]:
        await asyncio.Event().wait()
        return []

    async def broken() -> Sequence[Cause]:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("bot.service.watch._WAITS", 0.05)
    watch = watch_of(town, time, outbox=hanging, tick=broken, mail=Fault(LATE))
    assert set(await looked(watch)) >= {"mail:late", "tick:check"}
    time.seconds += 61
    assert "outbox:hung" in await looked(watch)
    await watch.finish()


async def test_the_office_is_told_of_what_began_and_what_ended_even_after_a_restart(town: Town, time: Time) -> None:
    fault = Fault(LATE)
    await watch_of(town, time, mail=fault).look()
    async with town.database.read() as conn:
        [trouble] = await open_troubles(conn)
    assert (trouble.key, trouble.words) == ("mail:late@main", LATE.words)
    fault.causes = []
    await watch_of(town, time, mail=fault).look()
    async with town.database.read() as conn:
        assert await open_troubles(conn) == []


async def test_systemd_is_kept_waiting_only_where_a_new_start_may_help_and_only_after_a_while(town: Town, time: Time) -> None:
    fault = Fault(Cause("disk:full", "硬盘快满了。"))
    watch = watch_of(town, time, mail=fault)
    await watch.look()
    time.seconds += 3600
    await watch.look()
    assert watch.works
    fault.causes = [LATE]
    await watch.look()
    assert watch.works
    time.seconds += 301
    await watch.look()
    assert not watch.works


def test_every_alert_is_about_a_figure_that_there_is() -> None:
    rules = (ROOT / "docs" / "alerts.yml").read_text("utf-8")
    named = set(re.findall(r"\bcunbao_\w+", rules))
    shown = generate_latest().decode()
    assert named
    assert [name for name in named if f"# HELP {name} " not in shown] == []
    kinds = set(re.findall(r'kind="(\w+)"', rules))
    assert kinds <= set(KINDS)


def test_every_figure_says_what_to_do() -> None:
    page = (ROOT / "docs" / "trouble.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
