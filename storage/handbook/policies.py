"""Policies 政策: documents that the town or the county has put into the handbook, cut into passages that can be found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import AUDITED, FILE, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session
from storage.handbook.index import FIND, AnyPhrase, IndexedWords, Phrase, create_with, tokens

policies = sa.Table(
    "policies",
    metadata,
    id_column(),
    sa.Column("title", sa.String(120), nullable=False),
    sa.Column("number", sa.String(60), nullable=False),
    sa.Column("dated", sa.Date),
    sa.Column("for_all", sa.Boolean, nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("media.sha256"), nullable=False, index=True, info=FILE),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("added_by", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("added_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("version", sa.Integer, nullable=False),
    info=AUDITED,
)

passages = sa.Table(
    "passages",
    metadata,
    id_column(),
    sa.Column("policy_id", sa.BigInteger, sa.ForeignKey("policies.id"), nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("clause", sa.String(60), nullable=False),
    sa.Column("heading", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("words", IndexedWords, nullable=False),
)
"""Passages of the policies in force; the documents themselves are kept files."""
create_with(passages)

_FIND = {
    dialect: sa.text(statement).bindparams(
        sa.bindparam("phrases", type_=AnyPhrase),
        sa.bindparam("for_all", type_=sa.Boolean),
        sa.bindparam("regions", expanding=True),
        sa.bindparam("most", type_=sa.Integer),
    )
    for dialect, statement in FIND.items()
}
_SHOWN = (
    passages.c.id, passages.c.policy_id, passages.c.clause, passages.c.heading, passages.c.text, policies.c.title,
    policies.c.number, policies.c.for_all, policies.c.region,
)  # fmt: skip


class NewPolicy(Record):
    """A document to put into the handbook. `number` as offices number them, "" for none; `for_all`: households may read it
    too; `region` is the town or county it holds in."""

    title: str
    number: str
    dated: date | None
    for_all: bool
    region: str
    sha256: str
    file_name: str
    added_by: int | None


class Policy(NewPolicy):
    """A document in force."""

    id: int
    added_at: datetime


class PolicyPassage(Record):
    """A part of a policy in force, with the policy it stands in. `heading` names what it stands under."""

    id: int
    policy_id: int
    clause: str
    heading: str
    text: str
    title: str
    number: str
    for_all: bool
    region: str


class Policies:
    """Putting policies into the handbook, replacing and removing them, and finding what they say."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, new: NewPolicy, parts: Sequence[tuple[str, str, str]]) -> Policy:
        """Put a policy in, in place of one of the same title and region. `parts` are clause, heading and text."""
        for before in await self._rows(policies.c.title == new.title, policies.c.region == new.region):
            await self._end(before._mapping)
        session = self._session
        row = session.add(policies, {**new.model_dump(), "id": new_id(), "added_at": session.now, "version": 0})
        for place, (clause, heading, text) in enumerate(parts):
            session.add(
                passages,
                {
                    "id": new_id(),
                    "policy_id": row["id"],
                    "place": place,
                    "clause": clause,
                    "heading": heading,
                    "text": text,
                    "words": tokens(f"{new.title}\n{clause}\n{heading}\n{text}"),
                },
            )
        return Policy.model_validate(row)

    async def end(self, policy: Policy) -> None:
        """Take it out of the handbook; the file and the fact that it was in force stay."""
        for row in await self._rows(policies.c.id == policy.id):
            await self._end(row._mapping)

    async def in_force(self, regions: Sequence[str]) -> list[Policy]:
        """Those of the towns and counties named, the newest first."""
        return self._session.records(policies, await self._rows(policies.c.region.in_(regions)), Policy.from_row)

    async def titled(self, title: str, region: str) -> Policy | None:
        """The one that a policy of this title would replace."""
        rows = await self._rows(policies.c.title == title, policies.c.region == region)
        return self._session.record(policies, rows, Policy.from_row)

    async def get(self, id: int) -> Policy | None:
        rows = await self._rows(policies.c.id == id)
        return self._session.record(policies, rows, Policy.from_row)

    async def find(self, phrases: Sequence[Phrase], regions: Sequence[str], *, for_all: bool, most: int) -> list[PolicyPassage]:
        """Passages with one of the phrases at least, `most` of them; `for_all`: only of what everybody may read."""
        if not phrases or not regions:
            return []
        values = {"phrases": phrases, "regions": list(regions), "for_all": for_all, "most": most}
        found = [row.id for row in await self._session.read(_FIND[self._session.dialect], values)]
        return await self._passages(passages.c.id.in_(found)) if found else []

    async def passage(self, id: int) -> PolicyPassage | None:
        return next(iter(await self._passages(passages.c.id == id)), None)

    async def count_passages(self, policy: Policy) -> int:
        query = sa.select(sa.func.count().label("n")).where(passages.c.policy_id == policy.id)
        return int((await self._session.read(query))[0].n)

    async def _passages(self, *where: sa.ColumnElement[bool]) -> list[PolicyPassage]:
        query = sa.select(*_SHOWN).join_from(passages, policies).where(*where).order_by(passages.c.id)
        return self._session.records(passages, await self._session.read(query), PolicyPassage.from_row)

    async def _rows(self, *where: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
        return await self._session.read(
            sa.select(policies).where(policies.c.ended_at.is_(None), *where).order_by(policies.c.id.desc())
        )

    async def _end(self, row: Mapping[Any, Any]) -> None:
        await self._session.amend(policies, row, ended_at=self._session.now)
        await self._session.change(passages.delete().where(passages.c.policy_id == row["id"]))
