"""The roster: households and their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import AUDITED, Record, Sealed, id_column, metadata, new_id, with_place
from storage.database.reading import Damage
from storage.database.regions import inside
from storage.database.sealing import Vault
from storage.database.session import Session
from storage.people.pinyin import pinyin_initials

LONGEST_NICKNAME = 40
"""Characters."""

households = sa.Table(
    "households",
    metadata,
    id_column(),
    sa.Column("number", sa.Integer, nullable=False, unique=True),
    sa.Column("village", sa.String(12), nullable=False, index=True),
    sa.Column("group_name", sa.String(40), nullable=False),
    sa.Column("head", sa.String(60), nullable=False),
    sa.Column("nickname", sa.String(LONGEST_NICKNAME), nullable=False, default="", server_default=""),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("able_to_work", sa.Boolean, nullable=False),
    sa.Column("helper_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

members = sa.Table(
    "members",
    metadata,
    id_column(),
    sa.Column("household_id", sa.BigInteger, sa.ForeignKey("households.id"), nullable=False, index=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("relation", sa.String(20), nullable=False),
    sa.Column("id_number", Sealed),
    sa.Column("phone", Sealed),
    sa.Column("id_blind", sa.String(32), index=True),
    sa.Column("id_tail_blind", sa.String(32), index=True),
    sa.Column("phone_tail_blind", sa.String(32), index=True),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

_AT_ONCE = 1000
"""Ids in one statement."""

KINDS = ("一般户", "脱贫户", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
"""Household types; the last three are monitored."""
MONITORED = KINDS[2:]


class Household(Record):
    """A family of the roster. `village` is a 12-digit region code, `number` and `nickname` what people call it by."""

    id: int
    number: int
    village: str
    head: str
    group_name: str = ""
    kind: str = KINDS[0]
    helper_id: int | None = None
    able_to_work: bool = True
    nickname: str = ""


def born_on(id_number: str) -> date | None:
    """The birthday in an ID number; None where it has none."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None


def household_row(id: int, household: dict[str, Any]) -> dict[str, Any]:
    """A full row for `households` from the fields given."""
    usual = {name: field.default for name, field in Household.model_fields.items() if not field.is_required()}
    return {**usual, "version": 0, **household, "id": id}


def member_row(
    vault: Vault, id: int, *, household_id: int, name: str, relation: str, id_number: str | None, phone: str | None
) -> dict[str, Any]:
    """A full row for `members`: numbers sealed, with blind indexes for the whole and for name + last four."""
    row = {
        "id": id,
        "household_id": household_id,
        "name": name,
        "relation": relation,
        "id_number": vault.seal_text(id_number),
        "phone": vault.seal_text(phone),
        "id_blind": id_number and vault.blind("id", id_number),
        "id_tail_blind": id_number and vault.blind("id tail", f"{name}|{id_number[-4:]}"),
        "phone_tail_blind": phone and vault.blind("phone tail", f"{name}|{phone[-4:]}"),
        "version": 0,
    }
    return vault.bind(members, row, row)


def numbers_of(vault: Vault, row: sa.Row[Any]) -> tuple[str | None, str | None]:
    """ID number and phone of a row of `members`. Raises SealError."""
    return vault.open_text(members.c.id_number, row), vault.open_text(members.c.phone, row)


class RosterMember(Record):
    """Somebody on the roster, as far as it takes to recognise them."""

    id: int
    household_id: int
    name: str
    id_blind: str | None


class Households:
    """Reading and filling the roster, and proving that somebody belongs to a household."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, household_id: int) -> Household | None:
        rows = await self._session.read(sa.select(households).where(households.c.id == household_id))
        return self._session.record(households, rows, Household.from_row)

    async def claimed_by(self, village: str, name: str, *, tail: str) -> list[Household]:
        """The households of `village` with a member of this name whose ID number or phone ends in `tail`."""
        vault = self._session.vault
        tail = tail.upper()
        proof = sa.or_(
            members.c.id_tail_blind == vault.blind("id tail", f"{name}|{tail}"),
            members.c.phone_tail_blind == vault.blind("phone tail", f"{name}|{tail}"),
        )
        query = (
            sa.select(households)
            .join(members, members.c.household_id == households.c.id)
            .where(proof, households.c.village == village)
            .distinct()
        )
        return self._session.records(households, await self._session.read(query), Household.from_row)

    async def names_in(self, household_id: int) -> list[tuple[str, str]]:
        """Name and relation of everybody of a household, the head first as the roster has them."""
        query = sa.select(members.c.name, members.c.relation).where(members.c.household_id == household_id)
        return [(row.name, row.relation) for row in await self._session.read(query.order_by(members.c.id))]

    async def birthday_of(self, household_id: int, name: str) -> date | None:
        """When somebody of a household was born, by the ID number; None where the roster has none, or two of the name."""
        query = sa.select(*with_place(members.c.id_number)).where(
            members.c.household_id == household_id, members.c.name == name
        )
        numbers = [self._session.vault.open_text(members.c.id_number, row) for row in await self._session.read(query)]
        return born_on(numbers[0]) if len(numbers) == 1 and numbers[0] else None

    async def everyone(self) -> list[RosterMember]:
        """Everybody on the roster."""
        columns = (members.c.id, members.c.household_id, members.c.name, members.c.id_blind)
        return self._session.records(members, await self._session.read(sa.select(*columns)), RosterMember.from_row)

    def blind_id(self, id_number: str) -> str:
        """The blind index of an ID number, as in `RosterMember.id_blind`."""
        return self._session.vault.blind("id", id_number)

    async def add(self, village: str, head: str, *, number: int | None, beyond: int, **fields: Any) -> Household:
        """Put a household on the roster; without a `number` it gets the next one that is greater than `beyond`.

        `fields` are further ones of `Household`.
        """
        number = number or await self._session.next_number("household", beyond)
        fields |= {"number": number, "village": village, "head": head}
        row = self._session.add(households, household_row(new_id(), fields))
        self._session.touch("roster")
        return Household.model_validate(row)

    def add_member(self, household_id: int, name: str, *, relation: str, id_number: str | None, phone: str | None) -> None:
        row = member_row(
            self._session.vault,
            new_id(),
            household_id=household_id,
            name=name,
            relation=relation,
            id_number=id_number,
            phone=phone,
        )
        self._session.add(members, row)
        self._session.touch("roster")

    async def correct(self, household_id: int, **fields: Any) -> None:
        """Change what the roster says of a household. Raises Conflict when somebody changed it meanwhile."""
        (row,) = await self._session.read(sa.select(households).where(households.c.id == household_id))
        await self._session.amend(households, row._mapping, **fields)
        self._session.touch("roster")

    async def correct_member(self, member_id: int, **fields: Any) -> None:
        """Change the `name`, `relation`, `id_number` or `phone` of somebody; a head's household is renamed along.

        Raises Conflict when somebody changed it meanwhile.
        """
        (found,) = await self._session.read(sa.select(members).where(members.c.id == member_id))
        before, vault = found._mapping, self._session.vault
        numbers = {key: vault.open_text(members.c[key], before) for key in ("id_number", "phone")}
        said = {"name": before["name"], "relation": before["relation"], **numbers, **fields}
        after = member_row(vault, member_id, household_id=before["household_id"], **said)
        await self._session.amend(
            members, before, **{key: after[key] for key in after if key not in ("id", "household_id", "version")}
        )
        home = await self.get(before["household_id"])
        if home is not None and home.head == before["name"] != said["name"]:
            await self.correct(home.id, head=said["name"])
        self._session.touch("roster")

    async def listed_as(self, village: str, name: str, *, id_number: str | None) -> int | None:
        """The household with somebody of this ID number, else with one of this name in the village (or wider region)."""
        query = sa.select(members.c.household_id).join(households, households.c.id == members.c.household_id)
        by_name = sa.and_(members.c.name == name, inside(households.c.village, village))
        wanted = members.c.id_blind == self.blind_id(id_number) if id_number else by_name
        rows = await self._session.read(query.where(wanted).limit(1))
        return int(rows[0].household_id) if rows else None

    async def people_of(self, household_ids: Sequence[int]) -> list[sa.Row[Any]]:
        """The members of all these households, numbers sealed."""
        found: list[sa.Row[Any]] = []
        for start in range(0, len(household_ids), _AT_ONCE):
            some = household_ids[start : start + _AT_ONCE]
            found += await self._session.read(sa.select(members).where(members.c.household_id.in_(some)))
        return found

    async def several_members(self, ids: Sequence[int]) -> Sequence[sa.Row[Any]]:
        """Sealed numbers of these members, by id."""
        return await self._session.read(sa.select(members).where(members.c.id.in_(ids)))

    async def entrust(self, household_id: int, helper_id: int) -> None:
        """Name who looks after a household. Raises Conflict when somebody changed it meanwhile."""
        (row,) = await self._session.read(sa.select(households).where(households.c.id == household_id))
        await self._session.amend(households, row._mapping, helper_id=helper_id)
        self._session.touch("roster")


class Roster:
    """All households in memory, for finding one by what a thumb types: a name or nickname, pinyin initials, or its number."""

    def __init__(self, listed: Sequence[Household]) -> None:
        self.by_id = {household.id: household for household in listed}
        self.by_number = {household.number: household for household in listed}
        self.by_name: dict[str, list[Household]] = {}
        self.by_nickname: dict[str, list[Household]] = {}
        self._by_initials: dict[str, list[Household]] = {}
        self.by_village: dict[str, list[Household]] = {}
        self.kinds = Counter((household.village, household.kind) for household in listed)
        for household in listed:
            self.by_village.setdefault(household.village, []).append(household)
            self.by_name.setdefault(household.head, []).append(household)
            if household.nickname:
                self.by_nickname.setdefault(household.nickname, []).append(household)
            self._by_initials.setdefault(pinyin_initials(household.head), []).append(household)

    def search(self, wanted: str, regions: Sequence[str]) -> list[Household]:
        """Households in `regions` (village or wider codes) whose head's name, nickname, initials or number is `wanted`.

        Falls back to heads whose name begins with or contains `wanted`.
        """
        scope = tuple(regions)
        if wanted.isdecimal():
            found = self.by_number.get(int(wanted[:9]))
            return [found] if found and found.village.startswith(scope) else []
        named = [*self.by_name.get(wanted, ()), *self.by_nickname.get(wanted, ())]
        exact = named or self._by_initials.get(wanted.lower()) or []
        hits = [household for household in exact if household.village.startswith(scope)]
        return hits or [
            household
            for name, namesakes in self.by_name.items()
            if wanted in name
            for household in namesakes
            if household.village.startswith(scope)
        ]


async def load_roster(conn: AsyncConnection, damage: Damage) -> Roster:
    """The roster without the households that can't be read."""
    return Roster(damage.read(households, await conn.execute(sa.select(households)), Household.from_row))
