"""Forgets a person as `storage.privacy.decisions` says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.cases.voices import Voices
from storage.database import audit
from storage.database.base import FILE, FILES_WITHIN, with_place
from storage.database.session import Session
from storage.database.tables import all_tables
from storage.files.media import ERASED, FORGOTTEN, media
from storage.files.purge import names_sealed_in
from storage.joining.admissions import admissions
from storage.joining.arrivals import arrivals
from storage.joining.consents import Consents
from storage.joining.newcomers import Newcomers
from storage.mail.chats import Chats
from storage.people.persons import Role, persons, posts
from storage.privacy.decisions import DECISIONS, Basis

NAMELESS = "（已删除）"
"""The name of who is forgotten and never did anything that is kept."""

_AT_ONCE = 500
"""Values in one statement."""


class Forgotten(NamedTuple):
    """All that tells what is somebody's: their rows as a person, one for each phone of a household's, their names, households
    and regions, and the addresses of their chats, also of those that are stopped or have fallen silent."""

    people: Sequence[int]
    names: Sequence[str]
    homes: Sequence[int]
    regions: Sequence[str]
    addresses: Sequence[str]


async def forget(session: Session, person_id: int, by: int) -> list[str]:
    """Forget a person; returns the addresses of their phones, none of which is anybody's from now on.

    `by` is who decided. Raises Conflict when somebody changes a row of theirs meanwhile.
    """
    them = await _all_of(session, person_id)
    await _close_what_waits(session, them, by)
    await Voices(session).erase_of(them.people, them.addresses)
    files: set[str] = set()
    for name, decision in DECISIONS.items():
        table = all_tables().tables[name]
        if decision.gone:
            which = _theirs(table, decision.whose, them)
            for column, values in decision.only.items():
                which &= table.c[column].in_(values)
            files |= await _files_of(session, table, which)
            await erase_rows(session, table, which)
        elif decision.emptied and name != "chats":
            await _empty(session, table, _theirs(table, decision.whose, them), decision.emptied.split())
    for address in them.addresses:
        await Chats(session).sign_out(address)
    for one in them.people:
        await Consents(session).withdraw(one)
    await _end_posts(session, them)
    if not await _named_in_what_is_kept(session, them):
        for row in await session.read(sa.select(persons).where(persons.c.id.in_(them.people))):
            await session.amend(persons, row._mapping, name=NAMELESS)
    await _give_up(session, files)
    session.touch("people")
    session.touch("roster")
    return list(them.addresses)


async def erase_rows(session: Session, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    """Delete rows, of a table that the audit covers with its lines there; returns how many."""
    if audit.is_covered(table):
        return await session.remove_all(table, which)
    return await session.change(table.delete().where(which))


async def _all_of(session: Session, person_id: int) -> Forgotten:
    people = [person_id, *(one.person_id for one in await Newcomers(session).same_as(person_id))]
    held = await session.read(sa.select(posts.c.household_id, posts.c.region).where(posts.c.person_id.in_(people)))
    named = await session.read(sa.select(persons.c.name).where(persons.c.id.in_(people)))
    return Forgotten(
        people=people,
        names=[row.name for row in named],
        homes=[row.household_id for row in held if row.household_id],
        regions=[row.region for row in held],
        addresses=[address for one in people for address in await Chats(session).all_of(one)],
    )


def _theirs(table: sa.Table, whose: Iterable[str], them: Forgotten) -> sa.ColumnElement[bool]:
    """The rows of a table that are of somebody, as its decision says."""
    return sa.or_(*(sa.and_(*(_is_theirs(table.c[name], them) for name in columns.split())) for columns in whose))


def _is_theirs(column: sa.Column[Any], them: Forgotten) -> sa.ColumnElement[bool]:
    theirs: dict[str, Sequence[Any]] = {
        "address": them.addresses,
        "household_id": them.homes,
        "name": them.names,
        "person_name": them.names,
        "region": them.regions,
    }
    return column.in_(theirs.get(column.name, them.people))  # every other column that says whose a row is names a person


async def _close_what_waits(session: Session, them: Forgotten, by: int) -> None:
    """What would make them somebody again, were it agreed to later: requests for a phone, and posts to be given back."""
    mine = admissions.c.person_id.in_(them.people) | admissions.c.address.in_(them.addresses)
    for row in await session.read(sa.select(admissions).where(mine, admissions.c.decided_at.is_(None))):
        await session.amend(admissions, row._mapping, accepted=False, decided_at=session.now, decided_by=by)
    stopped = arrivals.c.person_id.in_(them.people) & arrivals.c.stopped_at.is_not(None) & arrivals.c.settled_at.is_(None)
    for row in await session.read(sa.select(arrivals).where(stopped)):
        await session.amend(arrivals, row._mapping, restored=False, settled_at=session.now, settled_by=by)


async def _end_posts(session: Session, them: Forgotten) -> None:
    held = sa.select(posts).where(posts.c.person_id.in_(them.people), posts.c.until.is_(None))
    for row in await session.read(held):
        await session.amend(posts, row._mapping, until=session.now)


async def _empty(session: Session, table: sa.Table, which: sa.ColumnElement[bool], names: Sequence[str]) -> None:
    filled = sa.or_(*(table.c[name].is_not(None) for name in names))
    for row in await session.read(sa.select(table).where(which, filled)):
        await session.amend(table, row._mapping, **dict.fromkeys(names))


async def _named_in_what_is_kept(session: Session, them: Forgotten) -> bool:
    """Whether they held an office, or something that was reported or done is kept under their name."""
    office = posts.c.person_id.in_(them.people) & (posts.c.role != Role.HOUSEHOLD.value)
    found = [sa.select(sa.literal(1)).select_from(posts).where(office)]
    for name, decision in DECISIONS.items():
        table = all_tables().tables[name]
        for column in table.c:
            if decision.basis_of(column.name) is Basis.WORK and _names_a_person(column):
                found.append(sa.select(sa.literal(1)).select_from(table).where(column.in_(them.people)))
    for query in found:
        if await session.read(query.limit(1)):
            return True
    return False


def _names_a_person(column: sa.Column[Any]) -> bool:
    return any(key.column.table is persons for key in column.foreign_keys)


async def _files_of(session: Session, table: sa.Table, which: sa.ColumnElement[bool]) -> set[str]:
    """The files that rows which are to go name."""
    found: set[str] = set()
    for column in table.c:
        if column.info not in (FILE, FILES_WITHIN):
            continue
        rows = await session.read(sa.select(*with_place(column)).where(which, column.is_not(None)))
        if column.info == FILE:
            found |= {row._mapping[column] for row in rows}
        else:
            found |= names_sealed_in(session.vault, column, rows, unknown_keys=True)
    return found


async def _give_up(session: Session, files: Iterable[str]) -> None:
    """Let the next purge delete these files, unless something else refers to them."""
    known = sorted(files)
    for start in range(0, len(known), _AT_ONCE):
        some = media.c.sha256.in_(known[start : start + _AT_ONCE]) & (media.c.content_type != ERASED)
        await session.change(media.update().where(some).values(kept_at=FORGOTTEN))
