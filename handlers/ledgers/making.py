"""Making the file of a ledger: rows within reach, hidden or whole, and what is noted of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from handlers.engine.looking import note_looks
from handlers.engine.world import World
from handlers.files.columns import Value, hides_something, masked
from handlers.files.process import MAKING
from handlers.files.workbooks import write_ledger
from handlers.ledgers.base import Ledger
from handlers.wording.days import full_day_in_words
from handlers.wording.people import post_in_words, scope_in_words
from storage.looks import Way
from storage.mail.messages import Button, Outgoing
from storage.people.masking import mask_text
from storage.people.persons import Person
from storage.people.reach import Reach
from storage.plan import Plan
from storage.store import Store

_OPERATOR = "系统管理员"

WHOLE = "whole"
"""Behind a ledger's code in "/export clues whole": with whole numbers."""


@dataclass(frozen=True, slots=True)
class Export:
    """A finished file."""

    content: bytes
    rows: int
    file_name: str


_MANY = 1_000
"""Rows from which a process is worth its start."""


class TooLong(Exception):
    """More rows than the caller can wait for."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be in a file, and what is noted of it in the audit where numbers are whole."""

    ledger: Ledger
    title: str
    rows: Sequence[tuple[Value, ...]]
    notes: Sequence[tuple[str, str]]
    file_name: str
    audited: str
    households: frozenset[int]
    person: Person | None

    async def made(self) -> Export:
        """The file; it takes long for many rows, and needs no transaction."""
        columns = self.ledger.columns
        write = partial(write_ledger, self.ledger.title, self.title, columns=columns, rows=self.rows, notes=self.notes)
        content = await (MAKING.run(write) if len(self.rows) > _MANY else asyncio.to_thread(write))
        return Export(content, len(self.rows), self.file_name)

    async def made_at_once(self, store: Store, world: World) -> Export:
        """The file, noted in the transaction that has read it."""
        made = await self.made()
        self.note(store, world)
        return made

    def note(self, store: Store, world: World) -> None:
        note_looks(store, world, self.person, self.households, way=Way.FILE)
        if self.audited:
            store.session.note("export.whole", f"ledger:{self.ledger.code}", text=self.audited)


async def draft_export(
    store: Store,
    world: World,
    *,
    ledger: Ledger,
    reach: Sequence[Reach],
    person: Person | None,
    reason: str = "",
    most: int | None = None,
) -> Draft:
    """The ledger within `reach` as of now. With a `reason` numbers are whole, which is to leave an audit row.

    `person` is who wants it, None for the operator of the machine. Whether they may is for the caller to have checked.
    Raises TooLong when there are more than `most` rows.
    """
    now, by = store.session.now, _signature(world.plan, person) if person else _OPERATOR
    rows: list[tuple[Value, ...]] = []
    households: set[int] = set()
    async for values, household_ids in ledger.rows(store, world, reach, now.date()):
        if len(rows) == most:
            raise TooLong
        rows.append(values if reason else masked(ledger.columns, values))
        households.update(one for one in household_ids if one is not None)
    where = scope_in_words(world.plan, reach)
    notes = [
        ("台账", ledger.title),
        ("范围", where),
        ("导出人", by),
        ("导出时间", f"{full_day_in_words(now)} {now:%H:%M}"),
        ("行数", f"{len(rows)}"),
        ("号码", _numbers(ledger, reason)),
        ("依据", f"{world.plan.title}({world.plan.document})，数字为导出时刻系统内的记录。"),
    ]
    audited = f"{where}，{len(rows)} 行，{by}：{mask_text(reason)}" if reason else ""
    marked = "-全号" if reason else ""
    file_name = f"{where}-{ledger.title}-{now:%Y%m%d}{marked}.xlsx"
    return Draft(ledger, f"{where}{ledger.title}", rows, notes, file_name, audited, frozenset(households), person)


def _numbers(ledger: Ledger, reason: str) -> str:
    if reason:
        return f"完整号码，理由：{reason}。请妥善保管，用完删除。"
    return "已遮盖：证件号和电话的中间几位是 *。" if hides_something(ledger.columns) else "本表没有证件号和电话。"


def may_see_whole(ledger: Ledger, person: Person) -> bool:
    return hides_something(ledger.columns) and person.has(*ledger.whole_for)


def as_message(made: Export, file: str, ledger: Ledger, person: Person, reason: str) -> Outgoing:
    """The kept file with a line about it, and the way to whole numbers for those who may."""
    buttons: tuple[tuple[Button, ...], ...] = ()
    if not reason and may_see_whole(ledger, person):
        buttons = ((Button(label="要看全号", says=f"/export {ledger.code} {WHOLE}"),),)
    return Outgoing(text=in_short(made, ledger, reason=reason), buttons=buttons, file=file, file_name=made.file_name)


def in_short(made: Export, ledger: Ledger, *, reason: str) -> str:
    if reason:
        return f"共 {made.rows} 行，号码完整，请妥善保管。已留记录。"
    return f"共 {made.rows} 行" + ("，号码已遮盖。" if hides_something(ledger.columns) else "。")


def _signature(plan: Plan, person: Person) -> str:
    """Who somebody is, for a file's notes: "周镇(瓦房镇乡村振兴办)"."""
    post = person.posts[0]
    return f"{person.name}({post_in_words(plan, post)})"
