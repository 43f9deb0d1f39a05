"""What must be true after the soak, read from the database and from what the phones really got."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.service.clock import system_clock
from storage.cases.records import clues
from storage.database import audit
from storage.database.base import Moment
from storage.database.connection import Database
from storage.mail.inbox import DONE, dead_letters, inbox
from storage.mail.messages import REPLY, Outgoing, unpack
from storage.mail.outbox import PENDING, SENT, outbox
from storage.mail.talks import talks
from storage.roster import households
from tests.soak.faults import Ground
from tests.soak.founding import plan
from tests.soak.load import Delivery, Load, Report, Wait
from tests.support.botapi import BotApi
from tests.support.figures import Figure, at_least, at_most

PATIENCE = 10.0
"""Seconds an answer may take, whatever happens to somebody else."""


class Window(NamedTuple):
    """A time on the monotonic clock in which one fault lasted and nothing else was wrong."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True)
class Clue:
    """A filed clue, as far as a report can be compared with it."""

    number: int
    household: int
    kinds: tuple[str, ...]
    detail: str


@dataclass
class Row:
    """A row of the outbox, and the copies of it that reached the phone."""

    chat: int
    priority: int
    state: str
    uncertain_since: datetime | None
    message: Outgoing
    copies: list[int] = field(default_factory=list)

    @property
    def first(self) -> int:
        return min(self.copies)


async def judge(ground: Ground, load: Load, unanswered: set[int]) -> list[Figure]:
    """The figures that need the database; `unanswered` are the chats of people left waiting.

    What is of the culprits, and what was made unreadable, is left out.
    """
    database, api, mine = ground.database, ground.api, _addresses(load)
    async with database.read() as conn:
        filed = await _clues(conn, ground)
        rows = await _outbox(conn, database, mine)
        talking = sa.select(talks.c.address).where(talks.c.address.in_(mine))
        in_talk = {_chat(address) for address in (await conn.execute(talking)).scalars()}
        worked_on = sa.select(sa.func.count()).where(inbox.c.state == DONE, inbox.c.address.in_(mine))
        stored = (await conn.execute(worked_on)).scalar_one()
        dead = [letter for letter in await dead_letters(conn) if letter.address in mine]
        faults = [fault for fault in await audit.verify(conn, database.vault) if fault.where not in ground.damaged]
        broken = await _broken(conn)
    stray = attribute(rows, load.deliveries)
    edits = _unlisted_edits(rows, api)
    said = sum(cadre.said for cadre in load.cadres)
    lost = [*_lost(load.reports, filed), *([f"{said} said, {stored} worked on"] if stored != said else [])]
    doubled = _doubled(filed)
    undelivered = [row for row in rows if not _arrived(row, api)]
    by_itself = {(row.chat, (row.message.text or "").strip()) for row in rows if row.priority != REPLY}
    astray = [text for cadre in load.cadres for text in cadre.astray if (cadre.chat, text) not in by_itself]
    uncertain = [row for row in rows if row.uncertain_since is not None]
    return [
        at_most("lost", len(lost), "answers", 0, _some(lost)),
        at_most("doubled", len(doubled), "reports", 0, _some(doubled)),
        at_most("stuck", len(unanswered | in_talk), "talks", 0, _some(unanswered | in_talk)),
        at_most("unlisted", len(stray) + len(edits), "sends", 0, _some([*stray, *edits])),
        at_most("undelivered", len(undelivered), "messages", 0, _some(_told(row) for row in undelivered)),
        at_most("disordered", disordered(rows), "answers", 0, "answers of one chat first seen in another order"),
        at_most("astray", len(astray), "answers", 0, _some(astray)),
        at_most("dead_letters", len(dead), "messages", 0, _some(letter.error for letter in dead)),
        at_most("audit_faults", len(faults), "rows", 0, _some(f"{fault.where}: {fault.what}" for fault in faults)),
        at_most("integrity_faults", len(broken), "faults", 0, _some(broken)),
        at_least("reports", len(filed), "clues", 1, f"{len(load.reports)} begun"),
        Figure("messages", len(load.deliveries), "sent", detail=f"{stored} received"),
        Figure("uncertain", len(uncertain), "sends", detail="outcome unknown at least once; all listed"),
        Figure("repeated", len(load.deliveries) - sum(bool(row.copies) for row in rows), "sends", detail="seen again"),
    ]


def silenced(waits: Sequence[Wait], windows: Sequence[Window], now: float) -> Figure:
    """How often somebody waited too long for an answer that they began to wait for while a fault of somebody else lasted."""
    longest: dict[str, float] = {window.name: 0.0 for window in windows}
    late = 0
    for wait in waits:
        for window in windows:
            if window.begin <= wait.since < window.end:
                longest[window.name] = max(longest[window.name], wait.seconds(now))
                late += wait.seconds(now) > PATIENCE
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in longest.items())
    return at_most("silenced", late, "waits", 0, f"over {PATIENCE:.0f} s; longest by fault: {told}")


def back_after(waits: Sequence[Wait], absences: Sequence[float], now: float) -> Figure:
    """How long those who waited when the database came back went on waiting."""
    left = [
        (now if wait.until is None else wait.until) - back
        for back in absences
        for wait in waits
        if wait.since <= back and (wait.until is None or wait.until > back)
    ]
    told = f"{len(absences)} absences, {len(left)} waited"
    return at_most("back_after_absence", max(left, default=0.0), "s", PATIENCE, told)


def waiting(ground: Ground, load: Load, windows: Sequence[Window], pages: Sequence[Wait]) -> list[Figure]:
    """The figures of how long people waited; `pages` is whoever watches the phone page. To be taken before the bot ends."""
    now = time.monotonic()
    return [silenced([*load.waits, *pages], windows, now), back_after(load.waits, ground.absences, now)]


async def idle(database: Database, load: Load) -> bool:
    """Whether nothing of the load waits in the inbox or the outbox."""
    mine = _addresses(load)
    received = sa.select(sa.func.count()).where(inbox.c.state != DONE, inbox.c.address.in_(mine))
    unsent = sa.select(sa.func.count()).where(outbox.c.state != SENT, outbox.c.address.in_(mine), _WANTED)
    async with database.read() as conn:
        return not (await conn.execute(received)).scalar_one() and not (await conn.execute(unsent)).scalar_one()


def disordered(rows: Iterable[Row]) -> int:
    """How many answers of a chat were first seen only after one that was meant to come later."""
    latest: dict[int, int] = defaultdict(int)
    late = 0
    for row in rows:
        if row.priority == REPLY and row.message.edits is None and row.copies:
            late += row.first < latest[row.chat]
            latest[row.chat] = max(latest[row.chat], row.first)
    return late


async def settled(database: Database, load: Load) -> bool:
    """Whether no send of the load waits for another try."""
    retried = sa.select(sa.func.count()).where(
        outbox.c.state == PENDING, outbox.c.attempts > 0, outbox.c.address.in_(_addresses(load))
    )
    async with database.read() as conn:
        return not (await conn.execute(retried)).scalar_one()


_LONGEST_CLOSED = timedelta(days=15)
_now = sa.bindparam("now", callable_=system_clock, type_=Moment)
_latest = sa.bindparam("latest", callable_=lambda: system_clock() + _LONGEST_CLOSED, type_=Moment)
_WANTED = (outbox.c.priority == REPLY) | (outbox.c.state == SENT) | sa.not_(outbox.c.not_before.between(_now, _latest))
"""What the clock says by itself may be kept for a working morning, and no longer."""


def _addresses(load: Load) -> list[str]:
    return [f"telegram:{cadre.chat}" for cadre in load.cadres]


async def _clues(conn: AsyncConnection, ground: Ground) -> list[Clue]:
    query = sa.select(clues.c.id, clues.c.number, households.c.number.label("household"), clues.c.kinds, clues.c.detail).join(
        households, households.c.id == clues.c.household_id
    )
    return [
        Clue(row.number, row.household, tuple(row.kinds), ground.database.vault.open_text(clues.c.detail, row) or "")
        for row in await conn.execute(query)
        if f"{clues.name}:{row.id}" not in ground.damaged
    ]


async def _outbox(conn: AsyncConnection, database: Database, mine: Sequence[str]) -> list[Row]:
    """In the order in which they were queued."""
    # ids fall when the clock is put back, so on SQLite, where that is tried, it is its own count of the rows that tells
    written = sa.literal_column("rowid") if conn.dialect.name == "sqlite" else outbox.c.id
    query = sa.select(outbox).where(outbox.c.address.in_(mine), _WANTED).order_by(written)
    return [
        Row(
            chat=_chat(row.address),
            priority=row.priority,
            state=row.state,
            uncertain_since=row.uncertain_since,
            message=unpack(database.vault.open_cell(outbox.c.payload, row)),
        )
        for row in await conn.execute(query)
    ]


async def _broken(conn: AsyncConnection) -> list[str]:
    """What SQLite itself finds wrong with its file; PostgreSQL looks by itself."""
    if conn.dialect.name != "sqlite":
        return []
    found = (await conn.exec_driver_sql("PRAGMA integrity_check")).scalars().all()
    keys = (await conn.exec_driver_sql("PRAGMA foreign_key_check")).all()
    return [*(text for text in found if text != "ok"), *map(str, keys)]


def _lost(reports: Sequence[Report], filed: Sequence[Clue]) -> list[str]:
    """Finished reports that are in no clue as they were told."""
    codes = [kind.code for kind in plan().risk_kinds]
    by_number = {clue.number: clue for clue in filed}
    lost = []
    for report in reports:
        if report.number is not None:
            kinds = tuple(codes[place - 1] for place in report.kinds)
            if by_number.get(report.number) != Clue(report.number, report.household, kinds, report.detail):
                lost.append(f"{report} is {by_number.get(report.number)}")
    return lost


def _doubled(filed: Sequence[Clue]) -> list[str]:
    by_detail: dict[str, list[int]] = defaultdict(list)
    for clue in filed:
        by_detail[clue.detail].append(clue.number)
    return [f"{detail}: {numbers}" for detail, numbers in by_detail.items() if len(numbers) > 1]


def attribute(rows: Sequence[Row], deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Give each row its copies; returns deliveries that neither a row nor a listed doubt accounts for.

    Buttons name the talk they belong to, so words and buttons together are hardly ever the same for two rows.
    """
    alike: dict[tuple[int, str, tuple[str, ...]], list[Row]] = defaultdict(list)
    for row in rows:
        if row.message.edits is None:
            says = tuple(button.says for buttons in row.message.buttons for button in buttons)
            alike[row.chat, (row.message.text or "").strip(), says].append(row)
    stray = []
    for delivery in deliveries:
        owners = alike[delivery.chat, delivery.text, delivery.says]
        unseen = (row for row in owners if not row.copies)
        doubtful = (row for row in owners if row.uncertain_since is not None)
        owner = next(itertools.chain(unseen, doubtful), None)
        if owner is None:
            stray.append(delivery)
        else:
            owner.copies.append(delivery.message_id)
    return stray


def _unlisted_edits(rows: Sequence[Row], api: BotApi) -> list[str]:
    """Changes of messages that were made without the bot being told, and are not listed as uncertain."""
    doubtful = {(row.chat, row.message.edits) for row in rows if row.message.edits and row.uncertain_since}
    calls = itertools.chain(api.calls_of("editmessagetext"), api.calls_of("editmessagereplymarkup"))
    return [
        f"edit of {call.chat_id}/{call.params.get('message_id')}"
        for call in calls
        if call.done and not call.answered and (call.chat_id, str(call.params.get("message_id"))) not in doubtful
    ]


def _arrived(row: Row, api: BotApi) -> bool:
    if row.state != SENT:
        return False
    if row.message.edits is None:
        return bool(row.copies)
    shown = api.message(row.chat, int(row.message.edits))
    return not row.message.text or shown.text == row.message.text.strip()


def _told(row: Row) -> str:
    return f"{row.chat} {row.state} {row.message.text!r}"


def _chat(address: str) -> int:
    return int(address.removeprefix("telegram:"))


def _some(found: Iterable[object]) -> str:
    """The first few, for the table."""
    return "; ".join(str(one)[:200] for one in itertools.islice(found, 3))
