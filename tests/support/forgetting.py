"""A row of every table that is of one person and household, each cell with a marker of its own; and the decisions in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

import sqlalchemy as sa

from storage.database.base import FILE, FILES_WITHIN, Moment, Sealed, new_id
from storage.database.sealing import SealError
from storage.database.session import Session
from storage.database.tables import all_tables
from storage.files.attachments import attachments
from storage.people.persons import persons
from storage.privacy.decisions import DECISIONS, Basis, Decision
from storage.store import Store
from tests.support.plan import BAITA
from tests.support.town import START, VAULT, Town

OF_THE_SERVICE = {"audit", "media"} | {
    name for name, decision in DECISIONS.items() if decision.plain and not decision.kept and not decision.emptied
}
"""Tables that are filled by what is done, and those in which nothing is of anybody."""


@dataclass
class Marked:
    """What was filled in. `cells` has the marker of each cell by table and column, `rows` the row of each table."""

    person: int
    name: str
    address: str
    state: str
    home: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """The marker in each file (its sha256)."""
    sent: list[str] = field(default_factory=list)
    """The markers in files that only messages and talks name, and in a voice: these go."""
    cells: dict[tuple[str, str], str | float] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)


BECAUSE = {
    Basis.ROSTER: "the roster: the office's duty under the plan's third task, PIPL art. 13(1)(3) and 34; it is the office's "
    "own list, asked of nobody here; as long as the household is on it",
    Basis.WORK: "cases, problems, visits and who worked on them: Archives Law (档案法) art. 13 and 14, 乡镇档案工作办法, "
    "村级档案管理办法; 10 years, 30 years or for good, as the county has set it",
    Basis.CONSENT: "what was agreed to, and requests to be forgotten: PIPL art. 56 and 69; at least three years",
    Basis.RECORD: "who could do what, and who did what: Cybersecurity Law (网络安全法), PIPL art. 51 and 54; at least six "
    "months, and as the chain would break with each row that is taken out of it, as long as the database",
}

_number = iter(range(1, 1 << 30))


async def fill(town: Town, name: str, *, role: str, state: str) -> Marked:
    """Somebody with a chat, and everything that the tables can keep of them. `state` is of the rows that have one."""
    async with town.transaction() as tx, tx.session("test", "fill") as session:
        person = Store(session).people.add(name, "13900007777")
    town.people[name] = person
    await town.bind(name)
    marked = Marked(person, name, f"test:{name}", state)
    files = [await _file(town, marked) for _ in range(14)]
    async with town.transaction() as tx, tx.session("test", "fill") as session:
        for table in all_tables().sorted_tables:
            if table.name in OF_THE_SERVICE | {"persons", "chats"}:
                continue
            row = {}
            for column in table.c:
                fixed = _fixed(marked, role, table.name, column.name)
                row[column.name] = fixed if fixed is not ... else _value(marked, column, files)
            marked.rows[table.name] = session.add(table, row)
            if table.name == "households":
                marked.home = row["id"]
        voice = files.pop()
        marked.sent.append(marked.files[voice])
        await session.change(sa.text("UPDATE media SET content_type = 'audio/ogg' WHERE sha256 = :name"), {"name": voice})
        clue = {"id": new_id(), "subject": "clue", "subject_id": marked.rows["clues"]["id"], "sha256": voice, "at": town.now}
        session.add(attachments, clue)
        session.touch("people")
        session.touch("roster")
    return marked


async def _file(town: Town, marked: Marked) -> str:
    marker = f"Ж{next(_number):06}"
    sha256 = await town.keep(marker.encode(), "image/jpeg")
    marked.files[sha256] = marker
    return sha256


def _fixed(marked: Marked, role: str, table: str, column: str) -> Any:
    """What a cell has to hold for the row to be what it is meant to be; `...` where anything will do."""
    return {
        "posts.role": role, "posts.region": BAITA, "posts.until": None, "posts.unit": None, "invites.region": BAITA,
        "invites.person_name": marked.name, "door_codes.name": marked.name, "weekly_reports.state": marked.state,
        "inbox.state": "done", "outbox.state": "sent", "talks.state": "draft", "admissions.decided_at": None,
        "arrivals.settled_at": None, "consents.withdrawn_at": None, "erasures.decided_at": None, "erasures.accepted": None,
        "erasures.reason": None,
    }.get(f"{table}.{column}", ...)  # fmt: skip


def _value(marked: Marked, column: sa.Column[Any], files: list[str]) -> Any:
    target = next((key.column.table.name for key in column.foreign_keys), "")
    kind, place = column.type, (column.table.name, column.name)
    if column.info == FILE:
        return files.pop()
    if target == "persons" or column.name in ("person_id", "receiver_id"):
        return marked.person
    if column.name == "address":
        return marked.address
    if column.name == "household_id":
        return marked.home
    if target:
        return next(iter(marked.rows[target].values())) if target in marked.rows else None
    if column.primary_key and isinstance(kind, sa.BigInteger):
        return new_id()
    if isinstance(kind, Moment):
        return START
    if isinstance(kind, sa.Boolean | sa.Date | sa.Time):
        return {sa.Boolean: True, sa.Date: date(2022, 10, 12), sa.Time: time(8)}[type(kind)]
    number = next(_number)
    marker: str | float = f"Ж{number:06}"
    if isinstance(kind, sa.SmallInteger):
        marker = 20_000 + number % 10_000
    elif isinstance(kind, sa.Integer):
        marker = 7_000_000 + number
    elif isinstance(kind, sa.Float):
        marker = 7_000_000.5 + number
    marked.cells[place] = marker
    if isinstance(kind, Sealed):
        if column.info == FILES_WITHIN:
            marked.sent.append(marked.files[files[-1]])
            marker = f"{marker} {files.pop()}"
        return VAULT.seal_text(str(marker))
    return [marker] if isinstance(kind, sa.JSON) else marker


async def everything(town: Town) -> tuple[set[str], set[float]]:
    """Every marker that can be read in the database, sealed or not, and in the files; and every number in the database."""
    words: set[str] = set()
    numbers: set[float] = set()
    async with town.database.read() as conn:
        for table in all_tables().sorted_tables:
            for row in await conn.execute(sa.select(table)):
                for column, cell in zip(table.c, row, strict=True):
                    if isinstance(cell, int | float):
                        numbers.add(cell)
                    words |= _markers(_plain(column, row, cell))
    for path in town.world.media.path("0" * 64).parent.parent.glob("??/*"):
        words |= _markers(town.world.media.read(path.name).decode("utf-8", "replace"))
    return words, numbers


def _plain(column: sa.Column[Any], row: sa.Row[Any], cell: Any) -> str:
    if not isinstance(cell, bytes):
        return str(cell)
    try:
        return VAULT.open_cell(column, row).decode("utf-8", "replace") if isinstance(column.type, Sealed) else repr(cell)
    except SealError:
        return ""


def _markers(text: str) -> set[str]:
    return set(re.findall(r"Ж\d{6}", text))


async def row_of(session: Session, marked: Marked, name: str) -> Mapping[str, Any] | None:
    """What is left of the row that was filled in."""
    table = all_tables().tables[name]
    keys = [column == marked.rows[name][column.name] for column in table.primary_key]
    rows = await session.read(sa.select(table).where(*keys))
    return dict(rows[0]._mapping) if rows else None


def names_somebody(column: sa.Column[Any]) -> bool:
    """Whether a column says who somebody is, or holds what was thought secret enough to be sealed."""
    to_people = any(key.column.table.name in ("persons", "households", "chats") for key in column.foreign_keys)
    said = column.name in (
        "name",
        "head",
        "nickname",
        "person_name",
        "responsible",
        "latitude",
        "longitude",
        "address",
        "speaker",
    )
    own = column.table.name not in OF_THE_SERVICE and column.table is not persons
    return to_people or (isinstance(column.type, Sealed) and column.table.name != "key_checks") or (said and own)


def decided(decision: Decision) -> list[str]:
    """The columns of which it is said what becomes of them where their row stays."""
    return [
        *decision.emptied.split(),
        *decision.plain.split(),
        *(one for kept in decision.kept.values() for one in kept.split()),
    ]


def in_words() -> str:
    """The decisions, as docs/privacy.md has them."""
    gone: list[str] = []
    emptied: list[str] = []
    kept: dict[Basis, list[str]] = {basis: [] for basis in Basis}
    for name, decision in sorted(DECISIONS.items()):
        if decision.gone:
            only = " and ".join(f"{column} is {' or '.join(values)}" for column, values in decision.only.items())
            gone.append(f"`{name}`" + (f" (where {only})" if only else ""))
        emptied += [f"`{name}.{column}`" for column in decision.emptied.split()]
        for basis in decision.kept:
            kept[basis].append(f"`{name}`")
    lines = [f"- **erased**, whole rows: {', '.join(gone)}", f"- **made empty**: {', '.join(emptied)}"]
    lines += [f"- **kept**, {BECAUSE[basis]}: {', '.join(names)}" for basis, names in kept.items()]
    return "\n".join(lines)
