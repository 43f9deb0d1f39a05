"""Open conversations. A talk is its sealed journal of answers; nothing else is needed to go on with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import FILES_WITHIN, Moment, Sealed, bound_to, id_column, metadata
from storage.database.bulk import BulkInsert
from storage.database.reading import Damage
from storage.database.sealing import Vault

ACTIVE, SUSPENDED, DRAFT, DAMAGED = "active", "suspended", "draft", "damaged"
"""Being talked; put aside by another talk and returned to after it; put aside until asked for; can't be read any more."""

talks = sa.Table(
    "talks",
    metadata,
    id_column(),
    sa.Column("address", sa.String(80), sa.ForeignKey("chats.address"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), index=True),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("touched_at", Moment, nullable=False, index=True),
    sa.Column("journal", Sealed, nullable=False, info=FILES_WITHIN),
    info=bound_to("id", "address"),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What is known of an answer before its question is asked.

    `raw` is the answer or, of a `part`, what narrows the question down, such as the households it may be.
    """

    raw: Any
    part: bool = False


@dataclass(slots=True)
class Talk:
    """One open conversation of one chat.

    `answers` maps a question's key to what was answered, in order; `asked` is the key of the question now open,
    `partial` what has been given of its answer so far (the photos sent before "done", say). `whose` names the person who
    began it, where it was handed over. `guesses` maps a question's key to its guess, or to None once that was used.
    """

    id: int
    address: str
    person_id: int | None
    name: str
    touched_at: datetime
    args: str = ""
    state: str = ACTIVE
    answers: dict[str, Any] = field(default_factory=dict)
    asked: str | None = None
    partial: Any = None
    whose: str = ""
    guesses: dict[str, Guess | None] = field(default_factory=dict)

    def copy(self) -> Talk:
        """Steps change a copy, so that a failed step leaves the talk as it was."""
        return Talk(
            self.id, self.address, self.person_id, self.name, self.touched_at, self.args, self.state,
            dict(self.answers), self.asked, self.partial, self.whose, dict(self.guesses),
        )  # fmt: skip


class DamagedTalk(NamedTuple):
    """A talk whose journal can't be read: whose it is and what it was about is all that is known."""

    id: int
    address: str
    name: str


_OPEN = (
    sa.select(talks)
    .where(talks.c.address.in_(sa.bindparam("addresses", expanding=True)), talks.c.state != DAMAGED)
    .order_by(talks.c.touched_at, talks.c.id)
)


async def open_talks(
    conn: AsyncConnection, vault: Vault, addresses: Sequence[str], damage: Damage
) -> tuple[dict[str, list[Talk]], list[DamagedTalk]]:
    """The talks of several chats, the one touched last at the end; and those that can't be read.

    The latter are for the caller to tell of and to `set_aside`; then they do not come again.
    """
    by_chat: dict[str, list[Talk]] = {}
    rows = (await conn.execute(_OPEN, {"addresses": addresses})).all()
    found = damage.read(talks, rows, lambda row: _talk(vault, row))
    for talk in found:
        by_chat.setdefault(talk.address, []).append(talk)
    if len(found) == len(rows):
        return by_chat, []
    read = {talk.id for talk in found}
    return by_chat, [DamagedTalk(row.id, row.address, row.name) for row in rows if row.id not in read]


def _talk(vault: Vault, row: sa.Row[Any]) -> Talk:
    kept = vault.open_json(talks.c.journal, row)
    return Talk(
        row.id, row.address, row.person_id, row.name, row.touched_at, kept["args"], row.state,
        dict(kept["answers"]), kept["asked"], kept["partial"], kept.get("whose", ""), _guesses(kept.get("guesses", {})),
    )  # fmt: skip


async def set_aside(conn: AsyncConnection, damaged: Sequence[DamagedTalk]) -> None:
    """Keep these as they are, for whoever can mend them, and read them no more."""
    await conn.execute(talks.update().where(talks.c.id.in_([one.id for one in damaged])).values(state=DAMAGED))


class ActiveTalk(NamedTuple):
    """What is known of a chat's active talk without reading it; `touched_at` is when it last went a step on."""

    id: int
    name: str
    touched_at: datetime


async def active_talk(conn: AsyncConnection, address: str) -> ActiveTalk | None:
    """The talk that catches what is said in a chat."""
    columns = (talks.c[name] for name in ActiveTalk._fields)
    row = (await conn.execute(sa.select(*columns).where(talks.c.address == address, talks.c.state == ACTIVE))).first()
    return ActiveTalk(*row) if row else None


async def put_aside(conn: AsyncConnection, talk_id: int) -> None:
    """Make a talk a draft, so that it does not catch what is said next."""
    await conn.execute(talks.update().where(talks.c.id == talk_id).values(state=DRAFT))


def rows_of(vault: Vault, changed: Iterable[Talk]) -> list[dict[str, Any]]:
    """New and changed talks as rows, sealed; made before the write lock is taken."""
    rows = [
        {
            "id": talk.id,
            "address": talk.address,
            "person_id": talk.person_id,
            "name": talk.name,
            "state": talk.state,
            "touched_at": talk.touched_at,
            "journal": vault.seal_json(_journal(talk)),
        }
        for talk in changed
    ]
    return [vault.bind(talks, row, row) for row in rows]


def _journal(talk: Talk) -> dict[str, Any]:
    journal = {"args": talk.args, "answers": talk.answers, "asked": talk.asked, "partial": talk.partial}
    seldom = {"whose": talk.whose, "guesses": {key: _guess_as_json(guess) for key, guess in talk.guesses.items()}}
    return journal | {name: value for name, value in seldom.items() if value}


def _guess_as_json(guess: Guess | None) -> dict[str, Any]:
    return {"partial" if guess.part else "answer": guess.raw} if guess else {}


def _guesses(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Guess | None]:
    return {
        key: Guess(raw, part=kind == "partial") if kind else None
        for key, guess in stored.items()
        for kind, raw in (next(iter(guess.items()), ("", None)),)
    }


async def save(conn: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Write what `rows_of` made with one statement."""
    if rows:
        await _SAVE.run(conn, rows)


def _replacing(insert: Any) -> Any:
    changing = ("person_id", "state", "touched_at", "journal")
    return insert.on_conflict_do_update(
        index_elements=["id"],
        set_={name: insert.excluded[name] for name in changing},
        where=talks.c.address == insert.excluded.address,  # handed over meanwhile, it is its new chat's to go on with
    )


_SAVE = BulkInsert(talks, talks.c.keys(), _replacing)
_END = talks.delete().where(talks.c.id.in_(sa.bindparam("ids", expanding=True)))


async def end(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Forget finished talks; what they were for is kept in its own tables."""
    if ids:
        await conn.execute(_END, {"ids": ids})


async def purge(conn: AsyncConnection, before: datetime) -> int:
    """Erase drafts nobody came back to."""
    return (await conn.execute(talks.delete().where(talks.c.touched_at < before))).rowcount
