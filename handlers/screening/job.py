"""Reads and imports the screening lists that were handed in, in pieces, so that chats go on between two of them.

What is done is in the rows: a process that is killed leaves a list where it was, and the next one goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from handlers.engine.jobs import Begin, Daily, Every, Job, JobName, LongJob, Transactions, each, each_alone
from handlers.engine.looking import note_looks
from handlers.engine.world import World
from handlers.files.ask import read_kept
from handlers.files.process import MAKING
from handlers.files.spreadsheets import XLSX
from handlers.files.tables import TableRow
from handlers.reading import Unreadable
from handlers.screening.filing import file_rows
from handlers.screening.match import KnownPeople, heads_of
from handlers.screening.news import counted, preview, preview_buttons, tell, tell_villages, to_decide, visited
from handlers.screening.reading import read_list, take_down
from handlers.screening.rows import ListedPerson
from handlers.screening.sheet import sheet_name, write_list
from storage.database.session import Conflict
from storage.database.transaction import Transaction
from storage.looks import Way
from storage.mail.messages import Button, Outgoing
from storage.screening.records import ListState, RowState, ScreeningList
from storage.screening.results import ListLine
from storage.store import Store

_NAME = JobName("screening", "导入筛查名单")
_FORGET = JobName("forget_lists", "清理筛查名单")

CHUNK = 200
"""Rows a transaction: few enough that a chat hardly notices it."""
_KEPT_UNCONFIRMED = timedelta(days=7)


async def work(transactions: Transactions, world: World) -> int:
    """Everything there is to do; returns how many lists were worked on."""
    async with transactions.reading_first() as tx, tx.session() as session:
        waiting = await Store(session).screening_lists.at_work()

    async def one(screening: ScreeningList) -> int:
        await _one(transactions, world, screening)
        return 1

    return await each_alone(transactions, _NAME, {f"{one.id}": one for one in waiting}, one)


JOB = LongJob(_NAME, Every(2), work, waits=False)


async def forget_unconfirmed(tx: Transaction, _: World) -> int:
    """Drop lists that nobody wanted imported after a week; returns how many."""
    async with tx.session(request="job:screening") as session:
        store = Store(session)
        old = {f"{one.id}": one for one in await store.screening_lists.unconfirmed(tx.now - _KEPT_UNCONFIRMED)}
    return (await each(tx, _FORGET, old, _drop)).done


async def _drop(store: Store, screening: ScreeningList) -> int:
    await store.screening_lists.drop(screening)
    return 1


FORGET = Job(_FORGET, Daily(3, 10), forget_unconfirmed)


async def _one(transactions: Transactions, world: World, screening: ScreeningList) -> None:
    if screening.state is ListState.READING:
        read = await _read(transactions, world, screening)
        if read is None or read.state is not ListState.IMPORTING:
            return
        screening = read
    if screening.state is ListState.IMPORTING:
        screening = await _import(transactions, world, screening)
    if screening.wanted_by is not None:
        await _send_list(transactions, world, screening)


async def _read(transactions: Transactions, world: World, screening: ScreeningList) -> ScreeningList | None:
    """Take all rows down and show the sender what was understood; None when there is nothing to go on with."""
    today = screening.handed_in_at.date()
    try:
        rows = await read_kept(world, screening.sha256, screening.name, read=read_list, plan=world.plan, today=today)
    except Unreadable as error:
        await _give_back(transactions, world, screening, Outgoing(text=f"「{screening.name}」没有读成。\n{error}"))
        return None
    await _take_all_down(transactions, world, screening, rows)
    async with transactions.writing() as tx, tx.session(request=_request(screening)) as session:
        store = Store(session)
        seen = await preview(store, screening)
        if seen.useful or screening.confirmed:
            state = ListState.IMPORTING if screening.confirmed else ListState.READ
            read = await store.screening_lists.amend(screening, state=state.value)
            if not screening.confirmed:
                shown = Outgoing(text=seen.text, buttons=preview_buttons(screening))
                await tell(store, world, screening, screening.sender_id, shown)
            return read
    lines = await all_lines(transactions, screening)
    made = await _make_list(world, screening, lines)
    text = f"{seen.text}\n没有能导入的行。改好后再发来就行，原因见表。"
    await _give_back(transactions, world, screening, _with_list(screening, made, text), made, lines)
    return None


async def _take_all_down(
    transactions: Transactions, world: World, screening: ScreeningList, rows: Sequence[TableRow[ListedPerson]]
) -> None:
    known = KnownPeople(world.roster.by_id, heads_of(world.roster.by_id))
    async with transactions.reading_first() as tx, tx.session() as session:
        last = await Store(session).screening_lists.last_row(screening.id)
    rows = [row for row in rows if row.number > last]
    for first in range(0, len(rows), CHUNK):
        async with transactions.reading_first() as tx:
            async with tx.session(request=_request(screening)) as session:
                await take_down(Store(session), screening, rows[first : first + CHUNK], known)
            await tx.begin_writing()
        await asyncio.sleep(0)


async def _import(transactions: Transactions, world: World, screening: ScreeningList) -> ScreeningList:
    """Make clues of all rows that are ready, then tell the villages and let the sender have the list of results."""
    while True:
        try:
            left = await _import_chunk(transactions.reading_first, world, screening)
        except Conflict:  # somebody reported a risk meanwhile
            left = await _import_chunk(transactions.writing, world, screening)
        if not left:
            break
        await asyncio.sleep(0)
    async with transactions.writing() as tx, tx.session(request=_request(screening)) as session:
        store = Store(session)
        # first, so that of two who work on the list one turns back before it tells anybody
        done = await store.screening_lists.amend(screening, state=ListState.DONE.value, wanted_by=screening.sender_id)
        await tell_villages(store, world, screening)
        return done


async def _import_chunk(begin: Begin, world: World, screening: ScreeningList) -> bool:
    """Whether there was anything to import."""
    async with begin() as tx, tx.session(f"person:{screening.sender_id}", _request(screening)) as session:
        store = Store(session)
        rows, damaged = await store.screening_lists.ready(screening.id, CHUNK)
        settled = await file_rows(store, world, screening, rows)
        if rows or damaged:
            await tx.begin_writing()
            await store.screening_lists.settle(settled)
        if damaged:
            await store.screening_lists.spoil(damaged)
    return bool(rows or damaged)


async def _send_list(transactions: Transactions, world: World, screening: ScreeningList) -> None:
    """To whoever asked for it."""
    lines = await all_lines(transactions, screening)
    made = await _make_list(world, screening, lines)
    async with transactions.writing() as tx, tx.session(request=_request(screening)) as session:
        store = Store(session)
        tally = await store.screening_results.tally(screening.id)
        visits = (await store.screening_results.verifications([screening.id])).get(screening.id)
        text = f"「{screening.name}」：{counted(tally)}。\n核查：{visited(visits)}。"
        buttons = ((to_decide(screening),),) if tally.get(RowState.ASK) else ()
        await store.screening_lists.amend(screening, wanted_by=None)
        store.media.keep(*made, content_type=XLSX)
        if screening.wanted_by is not None:
            wanted_by = await store.people.get(screening.wanted_by)
            if wanted_by is not None:
                note_looks(store, world, wanted_by, (line.row.household_id for line in lines), way=Way.FILE)
            message = _with_list(screening, made, text, buttons)
            await tell(store, world, screening, screening.wanted_by, message)


Made = tuple[str, int]
"""A file that was made here: its sha256 and size."""


async def _make_list(world: World, screening: ScreeningList, lines: Sequence[ListLine]) -> Made:
    content = await MAKING.run(partial(write_list, world.plan, screening, lines=lines))
    return await asyncio.to_thread(world.media.write, content), len(content)


async def all_lines(transactions: Transactions, screening: ScreeningList) -> list[ListLine]:
    """Every row of a list with what became of it, read a page at a time."""
    lines: list[ListLine] = []
    while True:
        async with transactions.reading_first() as tx, tx.session() as session:
            page = await Store(session).screening_results.lines(screening.id, lines[-1].row.row_no if lines else 0)
        if not page:
            return lines
        lines += page


def _with_list(screening: ScreeningList, made: Made, text: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> Outgoing:
    return Outgoing(text=text, buttons=buttons, file=made[0], file_name=sheet_name(screening))


async def _give_back(
    transactions: Transactions,
    world: World,
    screening: ScreeningList,
    message: Outgoing,
    made: Made | None = None,
    lines: Sequence[ListLine] = (),
) -> None:
    """Forget a list that can't be imported, so that the same file can come again, and tell its sender why."""
    async with transactions.writing() as tx, tx.session(request=_request(screening)) as session:
        store = Store(session)
        await store.screening_lists.drop(screening)
        if made is not None:
            store.media.keep(*made, content_type=XLSX)
        sender = await store.people.get(screening.sender_id) if lines else None
        if sender is not None:
            note_looks(store, world, sender, (line.row.household_id for line in lines), way=Way.FILE)
        await tell(store, world, screening, screening.sender_id, message)


def _request(screening: ScreeningList) -> str:
    return f"screening:{screening.id}"
