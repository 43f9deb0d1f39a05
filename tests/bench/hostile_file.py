"""Files that cost much to read are sent one after another while people report: how long these wait for their answers."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from bot.platforms.base import Put
from bot.service.clock import system_clock
from bot.web.uploads import Unknown, examined
from handlers.files.process import end_all
from storage.database.base import new_id
from storage.database.transaction import transaction
from storage.files import media
from storage.files.media import MediaStore
from storage.mail.chats import chat_row, chats
from storage.mail.messages import Incoming, SentFile
from storage.people.persons import Role
from storage.store import Store
from tests.bench.county import County, county_plan
from tests.bench.latency import Timed
from tests.bench.peers import FIRST_CHAT
from tests.bench.screening import A_SECOND, chat_on
from tests.bench.steps import Script, at_work, until_idle
from tests.support import hostile
from tests.support.figures import Figure, at_most

CHATS, REPORTS = 100, 60
AT_ONCE = 6
"""Pictures that one page sends together."""
LEAST = 20.0
"""Seconds in which the reports are counted, however soon all files are read."""


async def figures() -> list[Figure]:
    """The 99th percentile of what a reply takes meanwhile, from stored to sent."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), CHATS, REPORTS)
        await county.found()
        address = await _sender(county)
        made = {name: make() for name, make in (hostile.TABLES | hostile.DOCUMENTS | hostile.PICTURES).items()}
        platform = Timed(Path(name))
        try:
            async with at_work(county, platform) as put:
                script = Script(county)
                await put([platform.read(script.next(chat)) for chat in range(CHATS)])
                await until_idle(county)  # the worker's process has to start first
                platform.waits.clear()
                chatting = asyncio.create_task(chat_on(put, platform, script, CHATS))
                await asyncio.gather(_send(county, put, address, made), _show(made), asyncio.sleep(LEAST))
                chatting.cancel()
                await asyncio.wait([chatting])
                await until_idle(county)
        finally:
            end_all()
        await county.database.close()
    p99 = statistics.quantiles(platform.waits, n=100)[98]
    files = len(hostile.TABLES) + len(hostile.DOCUMENTS) + len(hostile.PICTURES) * AT_ONCE
    detail = f"p99 of {len(platform.waits):,} answers while {files} costly files are read, with {A_SECOND} messages/s"
    return [at_most("hostile_file_reply", p99, "s", 1, detail)]


async def _sender(county: County) -> str:
    """Somebody of the town, who may send all of it."""
    address = f"telegram:{FIRST_CHAT + CHATS}"
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "town") as session:
        people = Store(session).people
        sender = people.add("周镇")
        people.appoint(sender, Role.TOWN, region=county_plan(county.villages).town.code)
        session.add(chats, chat_row(address, now=session.now, person_id=sender))
        session.touch("people")
    return address


async def _send(county: County, put: Put, address: str, made: Mapping[str, bytes]) -> None:
    """Tables and documents, to the conversations that read them, until the last has its answer."""
    store = MediaStore(county.path.parent / "media", county.database.vault)
    for command, files in (("/import", hostile.TABLES), ("/addpolicy", hostile.DOCUMENTS)):
        await put([_said(address, text=command)])
        for name in files:
            content = made[name]
            sha256 = await asyncio.to_thread(store.write, content)
            async with county.database.write() as conn:
                now = system_clock()
                await media.register(conn, sha256, size=len(content), content_type="application/octet-stream", now=now)
            await put([_said(address, files=(SentFile(sha256=sha256, kind="document", name=name),))])
            await put([_said(address, text=command)])
    while await _waits(county, address):  # noqa: ASYNC110 - the worker is another process
        await asyncio.sleep(0.2)


def _said(address: str, **what: object) -> Incoming:
    return Incoming.model_validate({"address": address, "key": f"{address}:{new_id()}", "at": system_clock(), **what})


async def _waits(county: County, address: str) -> bool:
    """Whether something this sender has sent is still to be worked on."""
    async with county.database.read(brief=True) as conn:
        query = sa.text("select exists (select 1 from inbox where state = 'new' and address = :address)")
        return bool((await conn.execute(query, {"address": address})).scalar_one())


async def _show(made: Mapping[str, bytes]) -> None:
    """Pictures, as the phone page takes them in the service's own process."""

    async def show(content: bytes, name: str) -> None:
        with contextlib.suppress(Unknown):
            await examined(content, name, whose="web:1")

    await asyncio.gather(*(show(made[name], name) for name in hostile.PICTURES for _ in range(AT_ONCE)))
