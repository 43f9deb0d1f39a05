"""Watch-lists 清单： people of whom the plan has something asked every so many days, and how that stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database.base import AUDITED, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session

watch_entries = sa.Table(
    "watch_entries",
    metadata,
    id_column(),
    sa.Column("plan", sa.String(60), nullable=False),
    sa.Column("list", sa.String(40), nullable=False),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False, index=True),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("name", Sealed, nullable=False),
    sa.Column("who", sa.String(32), nullable=False),
    sa.Column("id_blind", sa.String(32)),
    sa.Column("note", Sealed, nullable=False),
    sa.Column("origin", sa.String(40), nullable=False),
    sa.Column("next_on", sa.Date, nullable=False),
    sa.Column("checked_on", sa.Date),
    sa.Column("checked_by", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("on_time", sa.Boolean, nullable=False),
    sa.Column("found", sa.Integer, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("reason", Sealed),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("plan", "list", "who"),
    info=AUDITED,
)
sa.Index(
    "ix_watch_entries_due",
    watch_entries.c.plan,
    watch_entries.c.village,
    watch_entries.c.next_on,
    sqlite_where=watch_entries.c.ended_at.is_(None),
    postgresql_where=watch_entries.c.ended_at.is_(None),
)


class NewWatched(Record):
    """Somebody to put on a list. `origin` is the unit that brought the list, `id_blind` how their ID number is known."""

    list: str
    household_id: int
    village: str
    name: str
    id_blind: str | None
    note: str
    origin: str
    next_on: date


class Listing(NamedTuple):
    """Somebody on a list, as far as it takes to recognise them in another file."""

    id: int
    who: str
    id_blind: str | None
    village: str
    origin: str
    ended_at: datetime | None


class Watched(NewWatched):
    """Somebody on a list. `on_time` says whether the last check came by its day, `found` how often all was not well."""

    id: int
    checked_on: date | None
    checked_by: int | None
    found: int
    ended_at: datetime | None
    ended_by: int | None
    version: int


class WatchlistFigures(NamedTuple):
    """How a list stands: people on it; of them checked by their day and not due again; due today; overdue. `found` is
    how often a check has found something, also with people who have left the list."""

    entries: int
    on_time: int
    due: int
    overdue: int
    found: int


class Watchlists:
    """Filling the lists, finding whose check is due, and recording it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def who(self, household_id: int, name: str) -> str:
        """What tells a person on a list that has no ID number: a blind hash, so that a list by itself names nobody."""
        return self._session.vault.blind("watched", f"{household_id}|{name}")

    async def listing(self, plan: str, code: str) -> list[Listing]:
        """Everybody who is or was on a list, without entries that can't be read."""
        columns = (watch_entries.c[name] for name in Listing._fields)
        query = sa.select(*columns).where(watch_entries.c.plan == plan, watch_entries.c.list == code)
        return self._session.records(watch_entries, await self._session.read(query), lambda row: Listing(**row._mapping))

    def add(self, plan: str, new: NewWatched) -> None:
        vault = self._session.vault
        self._session.add(
            watch_entries,
            {
                **new.model_dump(),
                "id": new_id(),
                "plan": plan,
                "name": vault.seal_text(new.name),
                "note": vault.seal_text(new.note),
                "who": self.who(new.household_id, new.name),
                "on_time": False,
                "found": 0,
                "version": 0,
            },
        )

    async def due(
        self, plan: str, regions: Iterable[str], *, today: date, most: int, without: Sequence[int] = ()
    ) -> list[Watched]:
        """Those of the regions whose check is due, the longest overdue first, but for the entries `without`.

        One that can't be read is not among them, though `due_by_village` and `figures` count it.
        """
        query = sa.select(watch_entries).where(
            *_due(plan, today), inside(watch_entries.c.village, *regions), watch_entries.c.id.not_in(without)
        )
        rows = await self._session.read(query.order_by(watch_entries.c.next_on, watch_entries.c.id).limit(most))
        return self._session.records(watch_entries, rows, lambda row: self._watched(row._mapping))

    async def due_by_village(self, plan: str, today: date, *, regions: Iterable[str]) -> dict[str, int]:
        """How many checks are due in each village that has any."""
        count = sa.func.count().label("n")
        query = sa.select(watch_entries.c.village, count).where(*_due(plan, today), inside(watch_entries.c.village, *regions))
        return {row.village: int(row.n) for row in await self._session.read(query.group_by(watch_entries.c.village))}

    async def get(self, entry_id: int) -> Watched | None:
        rows = await self._session.read(sa.select(watch_entries).where(watch_entries.c.id == entry_id))
        return self._session.record(watch_entries, rows, lambda row: self._watched(row._mapping))

    async def checked(self, entry: Watched, by: int, *, next_on: date, found: bool = False) -> None:
        """Record a check; the entry stays on its list until `next_on`. Raises Conflict when somebody changed it since."""
        today = self._session.now.date()
        await self._change(
            entry, next_on=next_on, checked_on=today, checked_by=by, on_time=today <= entry.next_on, found=entry.found + found
        )

    async def end(self, entry: Watched, by: int, *, reason: str) -> None:
        """Take somebody off the list. Raises Conflict when somebody changed the entry since."""
        reason_sealed = self._session.vault.seal_text(reason)
        await self._change(entry, ended_at=self._session.now, ended_by=by, reason=reason_sealed)

    async def figures(self, plan: str, region: str, *, today: date) -> dict[str, WatchlistFigures]:
        """The figures of every list that anybody was ever on, for a region (a code's beginning)."""
        entry = watch_entries.c
        cases = {
            "entries": sa.true(),
            "on_time": sa.and_(entry.on_time, entry.next_on > today),
            "due": entry.next_on == today,
            "overdue": entry.next_on < today,
        }
        sums = [
            sa.func.sum(sa.case((sa.and_(entry.ended_at.is_(None), when), 1), else_=0)).label(name)
            for name, when in cases.items()
        ]
        query = sa.select(entry.list, *sums, sa.func.sum(entry.found).label("found"))
        query = query.where(entry.plan == plan, inside(entry.village, region)).group_by(entry.list)
        return {
            row.list: WatchlistFigures(*(int(row._mapping[name]) for name in WatchlistFigures._fields))
            for row in await self._session.read(query)
        }

    async def _change(self, entry: Watched, **changes: Any) -> None:
        row = await self._session.current(watch_entries, entry)
        await self._session.amend(watch_entries, row, **changes)

    def _watched(self, row: Any) -> Watched:
        vault = self._session.vault
        fields = {name: row[name] for name in Watched.model_fields}
        return Watched.model_construct(
            **{**fields, "name": vault.open_text(watch_entries.c.name, row), "note": vault.open_text(watch_entries.c.note, row)}
        )


def _due(plan: str, today: date) -> list[sa.ColumnElement[bool]]:
    return [watch_entries.c.plan == plan, watch_entries.c.ended_at.is_(None), watch_entries.c.next_on <= today]
