"""Reconciling two lists 对账: their differences, who has to settle each, and how it was settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, FILE, Moment, Record, Sealed, id_column, metadata, new_id
from storage.database.regions import inside
from storage.database.session import Session
from storage.people.persons import Role

reconciliations = sa.Table(
    "reconciliations",
    metadata,
    id_column(),
    sa.Column("source", sa.String(40), nullable=False, index=True),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, info=FILE),
    sa.Column("listed", sa.Integer, nullable=False),
    sa.Column("matched", sa.Integer, nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

differences = sa.Table(
    "differences",
    metadata,
    id_column(),
    sa.Column("reconciliation_id", sa.BigInteger, sa.ForeignKey("reconciliations.id"), nullable=False, index=True),
    sa.Column("source", sa.String(40), nullable=False),
    sa.Column("fingerprint", sa.String(32), nullable=False, unique=True),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("field", sa.String(20), nullable=False),
    sa.Column("village", sa.String(12), nullable=False),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), index=True),
    sa.Column("member_id", sa.BigInteger),
    sa.Column("details", Sealed, nullable=False),
    sa.Column("owner_role", sa.String(12), nullable=False),
    sa.Column("owner_region", sa.String(12), nullable=False),
    sa.Column("owner_unit", sa.String(40)),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("how", sa.String(10)),
    sa.Column("note", Sealed),
    sa.Column("returned", sa.Integer, nullable=False),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_differences_owner", "state", "owner_role", "owner_region"),
    sa.Index("ix_differences_source", "source", "state"),
    info=AUDITED,
)

NATIONAL = "national"
"""The source that is the national system, not one of the plan's units."""


class DifferenceKind(StrEnum):
    """What is wrong between the lists."""

    NOT_LISTED = "not_listed"
    NOT_OURS = "not_ours"
    FIELD = "field"
    UNCLEAR = "unclear"


class DifferenceState(StrEnum):
    """`CHECKING`: somebody has to go and look; open like `OPEN`."""

    OPEN = "open"
    CHECKING = "checking"
    SETTLED = "settled"


class HowSettled(StrEnum):
    """Which side was right, or that the lists now agree by themselves."""

    OURS = "ours"
    THEIRS = "theirs"
    AGREED = "agreed"


_TO_SETTLE = (DifferenceState.OPEN.value, DifferenceState.CHECKING.value)


class Owner(Record):
    """The post that has to settle a difference."""

    role: Role
    region: str
    unit: str | None = None


class NewDifference(Record):
    """As a comparison finds it. `ours` and `theirs` are what each list says; `told` is the whole row of theirs, by field."""

    fingerprint: str
    kind: DifferenceKind
    field: str = ""
    village: str
    household_id: int | None = None
    member_id: int | None = None
    name: str
    ours: str = ""
    theirs: str = ""
    told: Mapping[str, str] = {}
    owner: Owner


class Difference(NewDifference):
    """A difference on record. `returned` counts how often it came back after it had been settled."""

    id: int
    source: str
    state: DifferenceState
    how: HowSettled | None
    note: str
    returned: int
    person_id: int | None
    at: datetime
    version: int


class ComparedList(Record):
    """A list that was compared: whose, which file (sha256), how many people, when."""

    source: str
    sha256: str
    listed: int
    at: datetime


class Entered(Record):
    """What became of the differences of one comparison."""

    new: tuple[Difference, ...] = ()
    returned: tuple[Difference, ...] = ()
    known: int = 0
    agreed: int = 0


class Reconciliations:
    """Recording comparisons, and settling what differed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fingerprint(self, source: str, kind: DifferenceKind, subject: str, field: str = "") -> str:
        """A blind hash by which a difference is recognised when the list comes again."""
        return self._session.vault.blind("difference", f"{source}|{kind.value}|{subject}|{field}")

    def add(self, source: str, kinds: Sequence[str], *, sha256: str, listed: int, matched: int, by: int) -> int:
        row = self._session.add(
            reconciliations,
            {
                "id": new_id(), "source": source, "kinds": list(kinds), "sha256": sha256, "listed": listed,
                "matched": matched, "person_id": by, "at": self._session.now, "version": 0,
            },
        )  # fmt: skip
        return int(row["id"])

    async def latest(self) -> list[ComparedList]:
        """The last list of each source, the newest first."""
        columns = (reconciliations.c[name] for name in ("id", *ComparedList.model_fields))
        last = sa.select(sa.func.max(reconciliations.c.id)).group_by(reconciliations.c.source).scalar_subquery()
        query = sa.select(*columns).where(reconciliations.c.id.in_(last)).order_by(reconciliations.c.id.desc())
        return self._session.records(reconciliations, await self._session.read(query), ComparedList.from_row)

    async def enter(
        self, reconciliation_id: int, source: str, *, sender: Owner, found: Iterable[NewDifference], agreed: Collection[str]
    ) -> Entered:
        """Record what a comparison found; a difference on record is not recorded again.

        One that was settled is opened again: for the `sender`, if the list was found to be wrong and still is. What is open
        but among the fingerprints in `agreed` is settled. What can't be read of one that is found again is written anew.
        """
        session = self._session
        rows = await session.read(sa.select(differences).where(differences.c.source == source))
        known = {row.fingerprint: row._mapping for row in rows}
        new, returned, same, by_itself = [], [], 0, 0
        seen: set[str] = set()
        for one in found:
            if one.fingerprint in seen:
                continue
            seen.add(one.fingerprint)
            before = known.get(one.fingerprint)
            if before is None:
                new.append(self._difference(session.add(differences, self._row(reconciliation_id, source, one))))
            elif before["state"] == DifferenceState.SETTLED.value:
                theirs_to_mend = before["how"] == HowSettled.OURS.value
                one = one.model_copy(update={"owner": sender}) if theirs_to_mend else one
                row = await self._amend(
                    before, **self._values(reconciliation_id, one), state=DifferenceState.OPEN.value,
                    how=None, returned=before["returned"] + 1, at=session.now,
                )  # fmt: skip
                returned += session.records(differences, [row], self._difference)
            else:
                same += 1
                if session.records(differences, [before], self._said) != [_details(one)]:
                    await self._amend(before, **self._values(reconciliation_id, one, keep_owner=True))
        for fingerprint in set(agreed) - seen:
            before = known.get(fingerprint)
            if before is not None and before["state"] in _TO_SETTLE:
                by_itself += 1
                await self._amend(before, state=DifferenceState.SETTLED.value, how=HowSettled.AGREED.value, at=session.now)
        return Entered(new=tuple(new), returned=tuple(returned), known=same, agreed=by_itself)

    async def get(self, difference_id: int) -> Difference | None:
        rows = await self._session.read(sa.select(differences).where(differences.c.id == difference_id))
        return self._session.record(differences, rows, lambda row: self._difference(row._mapping))

    async def open_of(self, owners: Sequence[Owner], most: int) -> tuple[list[Difference], int]:
        """The first `most` of what these posts have to settle, the untouched before those to be looked at; and how many.

        One that can't be read is counted and not among them, and is nobody's to settle.
        """
        wanted = sa.and_(differences.c.state.in_(_TO_SETTLE), sa.or_(sa.false(), *(_owned_by(owner) for owner in owners)))
        total = (await self._session.read(sa.select(sa.func.count()).select_from(differences).where(wanted)))[0][0]
        query = sa.select(differences).where(wanted)
        query = query.order_by(differences.c.state.desc(), differences.c.village, differences.c.id).limit(most)
        rows = await self._session.read(query)
        return self._session.records(differences, rows, lambda row: self._difference(row._mapping)), int(total)

    async def by_owner(self, region: str) -> list[tuple[Owner, int]]:
        """How many open differences each post below `region` has, the most first."""
        columns = (differences.c.owner_role, differences.c.owner_region, differences.c.owner_unit)
        many = sa.func.count().label("many")
        query = sa.select(*columns, many).where(
            differences.c.state.in_(_TO_SETTLE),
            differences.c.owner_role.in_([role.value for role in Role]),  # a damaged one is nobody's
            inside(differences.c.owner_region, region),
        )
        rows = await self._session.read(query.group_by(*columns).order_by(many.desc(), *columns))
        return [(Owner(role=Role(row.owner_role), region=row.owner_region, unit=row.owner_unit), int(row.many)) for row in rows]

    async def settle(self, difference: Difference, how: HowSettled, *, by: int, note: str = "") -> None:
        """Settle a difference. Raises Conflict when somebody acted on it since it was read."""
        await self._act(difference, by, note, state=DifferenceState.SETTLED.value, how=how.value)

    async def leave_open(self, difference: Difference, by: int, *, note: str, owner: Owner | None = None) -> None:
        """Keep it open with a note, for `owner` if named. Raises Conflict when somebody acted on it since it was read."""
        moved = {} if owner is None else _owner_columns(owner)
        state = DifferenceState.CHECKING if owner is None else DifferenceState.OPEN
        await self._act(difference, by, note, state=state.value, **moved)

    async def _act(self, difference: Difference, by: int, note: str, **changes: Any) -> None:
        session = self._session
        row = await session.current(differences, difference)
        note = note or difference.note
        await self._amend(row, note=session.vault.seal_text(note or None), person_id=by, at=session.now, **changes)

    async def _amend(self, before: Mapping[Any, Any], **changes: Any) -> dict[str, Any]:
        return await self._session.amend(differences, before, **changes)

    def _row(self, reconciliation_id: int, source: str, one: NewDifference) -> dict[str, Any]:
        return {
            "id": new_id(), "source": source, "fingerprint": one.fingerprint, "kind": one.kind.value, "field": one.field,
            "state": DifferenceState.OPEN.value, "returned": 0, "at": self._session.now, "version": 0,
            **self._values(reconciliation_id, one),
        }  # fmt: skip

    def _values(self, reconciliation_id: int, one: NewDifference, *, keep_owner: bool = False) -> dict[str, Any]:
        return {
            "reconciliation_id": reconciliation_id,
            "village": one.village,
            "household_id": one.household_id,
            "member_id": one.member_id,
            "details": self._session.vault.seal_json(_details(one)),
            **({} if keep_owner else _owner_columns(one.owner)),
        }

    def _said(self, row: Mapping[Any, Any]) -> Any:
        return self._session.vault.open_json(differences.c.details, row)

    def _difference(self, row: Mapping[Any, Any]) -> Difference:
        vault = self._session.vault
        return Difference(
            id=row["id"], source=row["source"], fingerprint=row["fingerprint"], kind=DifferenceKind(row["kind"]),
            field=row["field"], village=row["village"], household_id=row["household_id"], member_id=row["member_id"],
            owner=Owner(role=Role(row["owner_role"]), region=row["owner_region"], unit=row["owner_unit"]),
            state=DifferenceState(row["state"]), how=row["how"] and HowSettled(row["how"]),
            note=vault.open_text(differences.c.note, row) or "", returned=row["returned"], person_id=row["person_id"],
            at=row["at"], version=row["version"], **vault.open_json(differences.c.details, row),
        )  # fmt: skip


def _details(one: NewDifference) -> dict[str, Any]:
    return {"name": one.name, "ours": one.ours, "theirs": one.theirs, "told": dict(one.told)}


def _owner_columns(owner: Owner) -> dict[str, Any]:
    return {"owner_role": owner.role.value, "owner_region": owner.region, "owner_unit": owner.unit}


def _owned_by(owner: Owner) -> sa.ColumnElement[bool]:
    return sa.and_(
        differences.c.owner_role == owner.role.value,
        differences.c.owner_region == owner.region,
        differences.c.owner_unit.is_(None) if owner.unit is None else differences.c.owner_unit == owner.unit,
    )
