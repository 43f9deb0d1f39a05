"""Screening lists handed in, read, decided and settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database.base import new_id
from storage.database.session import Conflict, Session
from storage.roster import members
from storage.screening.records import (
    AT_WORK,
    ListState,
    Namesake,
    RowState,
    ScreenedRow,
    ScreeningList,
    Settled,
    screening_lists,
    screening_rows,
)


class ScreeningLists:
    """Lists and their rows: handed in, read, decided, settled."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def hand_in(
        self, sha256: str, name: str, *, sender_id: int, region: str, unit: str | None,
        kinds: Sequence[str] = (), confirmed: bool = False,
    ) -> ScreeningList:  # fmt: skip
        """Put a kept file in to be read."""
        row = {
            "id": new_id(), "sha256": sha256, "name": name[:200], "sender_id": sender_id, "region": region, "unit": unit,
            "state": ListState.READING.value, "confirmed": confirmed, "kinds": list(kinds),
            "handed_in_at": self._session.now, "version": 0,
        }  # fmt: skip
        return ScreeningList.model_validate(self._session.add(screening_lists, row))

    async def get(self, screening_id: int) -> ScreeningList | None:
        return await self._one(screening_lists.c.id == screening_id)

    async def of_content(self, sha256: str) -> ScreeningList | None:
        """The list that came as exactly this file."""
        return await self._one(screening_lists.c.sha256 == sha256)

    async def at_work(self) -> list[ScreeningList]:
        """What is to be read, imported, or sent as a list; the oldest first."""
        at_work = screening_lists.c.state.in_([state.value for state in AT_WORK]) | screening_lists.c.wanted_by.is_not(None)
        query = sa.select(screening_lists).where(at_work).order_by(screening_lists.c.id)
        return self._session.records(screening_lists, await self._session.read(query), ScreeningList.from_row)

    async def unconfirmed(self, before: datetime) -> list[ScreeningList]:
        """Lists handed in before that moment, of which nobody has said that they shall be imported."""
        query = sa.select(screening_lists).where(
            screening_lists.c.state == ListState.READ.value, screening_lists.c.handed_in_at < before
        )
        return self._session.records(screening_lists, await self._session.read(query), ScreeningList.from_row)

    async def amend(self, screening: ScreeningList, **changes: Any) -> ScreeningList:
        """Raises Conflict when somebody changed it first."""
        before = screening.model_dump()
        return ScreeningList.model_validate(await self._session.amend(screening_lists, before, **changes))

    async def drop(self, screening: ScreeningList) -> None:
        """Forget a list that was not imported, so that it can come again. Raises Conflict when it is gone."""
        await self._session.change(screening_rows.delete().where(screening_rows.c.screening_id == screening.id))
        await self._session.remove(screening_lists, screening.model_dump())

    async def last_row(self, screening_id: int) -> int:
        """The number of the last row taken down so far; 0 for none."""
        query = sa.select(sa.func.max(screening_rows.c.row_no).label("last"))
        rows = await self._session.read(query.where(screening_rows.c.screening_id == screening_id))
        return rows[0].last or 0

    def take_down(
        self, screening_id: int, row_no: int, *, name: str, state: RowState, why: str,
        blind: str | None = None, village: str = "", detail: Mapping[str, str] | None = None,
        kinds: Sequence[str] = (), candidates: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """A row as it was read; taking it down again has no effect. READY takes its only candidate."""
        self._session.add(
            screening_rows,
            {
                "id": new_id(), "screening_id": screening_id, "row_no": row_no, "name": name[:60], "id_blind": blind,
                "village": village, "detail": self._session.vault.seal_json(detail or {}), "kinds": ",".join(kinds),
                "unclear": not kinds and state in (RowState.READY, RowState.ASK),
                "candidates": ",".join(map(str, candidates)), "state": state.value, "why": why[:300],
                "household_id": candidates[0] if state is RowState.READY else None,
            },
        )  # fmt: skip

    async def with_ids(self, blinds: Sequence[str]) -> list[Namesake]:
        """Members by the blind index of their ID numbers."""
        return await self._listed(members.c.id_blind.in_(blinds)) if blinds else []

    async def with_names(self, names: Sequence[str]) -> list[Namesake]:
        return await self._listed(members.c.name.in_(names)) if names else []

    async def _listed(self, where: sa.ColumnElement[bool]) -> list[Namesake]:
        columns = (members.c.household_id, members.c.name, members.c.id_blind)
        return [
            Namesake(row.household_id, row.name, row.id_blind)
            for row in await self._session.read(sa.select(*columns).where(where))
        ]

    async def ready(self, screening_id: int, most: int) -> tuple[list[ScreenedRow], list[int]]:
        """The next rows to import, and the ids of those among them that can't be read, which are to be `spoil`ed.

        Another worker that asks at the same time gets others.
        """
        query = (
            sa.select(screening_rows)
            .where(screening_rows.c.screening_id == screening_id, screening_rows.c.state == RowState.READY.value)
            .order_by(screening_rows.c.row_no)
            .limit(most)
            .with_for_update(key_share=True, skip_locked=True)
        )
        rows = await self._session.read(query)
        found = self._session.records(screening_rows, rows, self.row)
        return found, list({row.id for row in rows} - {row.id for row in found})

    async def spoil(self, row_ids: Sequence[int]) -> None:
        """Rows that can't be read are wrong, so that they do not come again."""
        wrong = screening_rows.update().where(screening_rows.c.id.in_(row_ids))
        await self._session.change(wrong.values(state=RowState.WRONG.value, why=_DAMAGED))

    async def settle(self, outcomes: Sequence[Settled]) -> None:
        """What became of rows. Raises Conflict when somebody settled one of them first."""
        values = [
            {
                "row": one.row.id, "was": one.row.state.value, "new_state": one.state.value,
                "home": one.household_id, "clue": one.clue_id, "because": one.why[:300],
            }
            for one in outcomes
        ]  # fmt: skip
        if not values:
            return
        met = await self._session.change(_SETTLE, values if len(values) > 1 else values[0])
        if met not in (len(values), _UNTOLD):
            raise Conflict(f"rows of screening {outcomes[0].row.screening_id}")

    async def _one(self, which: sa.ColumnElement[bool]) -> ScreeningList | None:
        rows = await self._session.read(sa.select(screening_lists).where(which))
        return self._session.record(screening_lists, rows, ScreeningList.from_row)

    def row(self, row: sa.Row[Any]) -> ScreenedRow:
        return ScreenedRow(
            id=row.id,
            screening_id=row.screening_id,
            row_no=row.row_no,
            name=row.name,
            id_blind=row.id_blind,
            village=row.village,
            detail=self._session.vault.open_json(screening_rows.c.detail, row),
            kinds=tuple(row.kinds.split(",")) if row.kinds else (),
            candidates=tuple(int(key) for key in row.candidates.split(",") if key),
            household_id=row.household_id,
            clue_id=row.clue_id,
            state=RowState(row.state),
            why=row.why,
        )


_DAMAGED = "这一行的记录读不了，请重新报这个人"

_UNTOLD = -1
"""PostgreSQL's driver does not count what a bulk statement met; there the rows are locked from `ready` on."""
_SETTLE = (
    screening_rows.update()
    .where(screening_rows.c.id == sa.bindparam("row"), screening_rows.c.state == sa.bindparam("was"))
    .values(
        state=sa.bindparam("new_state"),
        household_id=sa.bindparam("home", type_=sa.BigInteger),
        clue_id=sa.bindparam("clue", type_=sa.BigInteger),
        why=sa.bindparam("because"),
    )
)
