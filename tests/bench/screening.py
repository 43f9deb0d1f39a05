"""A unit's list of 25,000 persons comes in while people report: how long it takes, and how long they wait meanwhile."""

from __future__ import annotations

import asyncio
import io
import random
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from bot.delivery.caches import Caches
from bot.platforms.base import Put
from bot.service.clock import system_clock
from handlers.engine.jobs import Transactions
from handlers.engine.world import World
from handlers.files.spreadsheets import XLSX
from handlers.reading.identity import check_digit
from handlers.screening.job import work
from storage.database.base import new_id
from storage.database.transaction import transaction
from storage.files.media import MediaStore
from storage.mail.chats import chat_row, chats
from storage.people.persons import Role
from storage.roster import members
from storage.screening.records import ListState, RowState
from storage.store import Store
from tests.bench.county import County, county_plan
from tests.bench.latency import Timed
from tests.bench.peers import FIRST_CHAT
from tests.bench.steps import Script, at_work, until_idle
from tests.support.figures import Figure, at_most

ROWS, HOUSEHOLDS, CHATS = 25_000, 10_000, 100
A_SECOND = 25
"""Messages of the people who go on reporting."""

_REASONS = ("大病住院", "高血压", "未参保", "D级危房", "疑似辍学", "冬季缺水", "失业返乡", "因意外受伤")
_FIRST_BIRTHDAY = date(1950, 1, 1)
_CHUNK = 1_000


async def figures() -> list[Figure]:
    """Seconds for the whole list, from being handed in to the list of results; and what a reply takes meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        county = County(Path(name), CHATS, HOUSEHOLDS // CHATS)
        await county.found()
        world = World(county_plan(county.villages), MediaStore(county.path.parent / "media", county.database.vault))
        sender = await _fill(county)
        content = await asyncio.to_thread(_file)
        platform = Timed(Path(name))
        async with at_work(county, platform) as put:
            script = Script(county)
            await put([platform.read(script.next(chat)) for chat in range(CHATS)])
            await until_idle(county)  # the worker's process has to start first
            chatting = asyncio.create_task(chat_on(put, platform, script, CHATS))
            start = time.perf_counter()
            clues = await _import(county, world, sender, content)
            seconds = time.perf_counter() - start
            chatting.cancel()
            await asyncio.wait([chatting])
            await until_idle(county)
        await county.database.close()
    detail = f"{ROWS:,} rows over {HOUSEHOLDS:,} households became {clues:,} clues, with {A_SECOND} messages/s"
    p99 = statistics.quantiles(platform.waits, n=100)[98]
    return [
        at_most("screening_seconds", seconds, "s", 30, detail),
        at_most("screening_reply", p99, "s", 1, f"p99 of {len(platform.waits):,} answers meanwhile"),
    ]


async def chat_on(put: Put, platform: Timed, script: Script, chats: int) -> None:
    """Reports come by chance, `A_SECOND` messages a second, until cancelled."""
    chance = random.Random(7)
    chat = 0
    async with asyncio.TaskGroup() as storing:

        async def bring(chat: int) -> None:
            message = platform.read(script.next(chat))
            platform.stored[message.address].append(time.perf_counter())
            await put([message])

        while True:
            storing.create_task(bring(chat))
            chat = (chat + 1) % chats
            await asyncio.sleep(chance.expovariate(A_SECOND))


async def _import(county: County, world: World, sender: int, content: bytes) -> int:
    """As the clock and the sender's word do it; returns how many clues were made."""
    transactions = Transactions(county.database, system_clock)
    sha256 = await asyncio.to_thread(world.media.write, content)
    async with county.database.read() as conn:
        await Caches(world).refresh(conn)
    async with transactions.writing() as tx, tx.session("bench", "hand in") as session:
        store = Store(session)
        store.media.keep(sha256, len(content), content_type=XLSX)
        listed = store.screening_lists.hand_in(
            sha256, "名单.xlsx", sender_id=sender, region=world.plan.county.code, unit="health"
        )
    await work(transactions, world)
    async with transactions.writing() as tx, tx.session("bench", "confirm") as session:
        store = Store(session)
        read = await store.screening_lists.get(listed.id)
        if read is None or (await store.screening_results.tally(read.id)).get(RowState.READY) != ROWS:
            raise RuntimeError("not all rows were recognised")
        await store.screening_lists.amend(read, state=ListState.IMPORTING.value)
    await work(transactions, world)
    async with transactions.writing() as tx, tx.session() as session:
        tally = await Store(session).screening_results.tally(listed.id)
    if sum(tally.get(state, 0) for state in (RowState.FILED, RowState.JOINED)) != ROWS:
        raise RuntimeError(f"rows were lost: {tally}")
    return tally[RowState.FILED]


async def _fill(county: County) -> int:
    """The persons of the list in the county's households, and who sends it."""
    async with county.database.read() as conn:
        world = World(county_plan(county.villages), MediaStore(county.path.parent / "media", county.database.vault))
        await Caches(world).refresh(conn)
    homes = sorted(world.roster.by_id)
    vault = county.database.vault
    for first in range(0, ROWS, _CHUNK):
        async with county.database.write() as conn:
            rows: list[dict[str, Any]] = [
                {
                    "id": new_id(),
                    "household_id": homes[place % HOUSEHOLDS],
                    "name": _name(place),
                    "relation": "其他",
                    "id_number": vault.seal_text(_id_number(place)),
                    "id_blind": vault.blind("id", _id_number(place)),
                    "version": 0,
                }
                for place in range(first, first + _CHUNK)
            ]
            await conn.execute(members.insert(), [vault.bind(members, row, row) for row in rows])
    async with transaction(county.database, system_clock()) as tx, tx.session("bench", "unit") as session:
        people = Store(session).people
        sender = people.add("卫生院")
        people.appoint(sender, Role.UNIT, region=world.plan.county.code, unit="health")
        session.add(chats, chat_row(f"telegram:{FIRST_CHAT + CHATS}", now=session.now, person_id=sender))
    return sender


def _file() -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("名单")
    sheet.append(["序号", "姓名", "身份证号", "联系电话", "预警原因", "自付金额", "备注"])
    for place in range(ROWS):
        reason = _REASONS[place // HOUSEHOLDS % len(_REASONS) if place % 3 else place % len(_REASONS)]
        sheet.append([place + 1, _name(place), _id_number(place), f"138{place:08}", reason, place % 30_000, "线上比对"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _name(place: int) -> str:
    return f"成员{place}"


def _id_number(place: int) -> str:
    """A valid, invented number, another for each."""
    born = _FIRST_BIRTHDAY + timedelta(days=place // 999)
    body = f"220881{born:%Y%m%d}{place % 999 + 1:03}"
    return body + check_digit(body)
