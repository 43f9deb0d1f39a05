"""Filing risk clues 风险线索, finding them, and recording each step of their course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from storage.cases.records import Clue, ClueEvent, ClueSource, SaidBy, Standing, clue_events, clues, joined_reports
from storage.cases.steps import Step
from storage.counting.overview import clue_keys
from storage.counting.tallies import count
from storage.database.base import new_id, with_place
from storage.database.regions import inside
from storage.database.session import Session
from storage.files.attachments import Attachments
from storage.mail.messages import Place, place_columns, place_of
from storage.people.persons import People


class Clues:
    """Filing clues and finding them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attachments = Attachments(session)

    async def add(
        self,
        *,
        household_id: int,
        village: str,
        source: ClueSource,
        kinds: Sequence[str],
        detail: str,
        photos: Sequence[str] = (),
        voices: Sequence[str] = (),
        place: Place | None = None,
        reporter_id: int,
        consent: str | None = None,
        said_by: SaidBy | None = None,
        speaker: str | None = None,
        due_on: date,
    ) -> Clue:
        """File a clue at its first step, to be verified by `due_on`. `consent` is the version of the text agreed to."""
        session = self._session
        row = session.add(
            clues,
            {
                "id": new_id(),
                "number": await session.next_number("clue"),
                "household_id": household_id,
                "village": village,
                "source": source.value,
                "kinds": list(kinds),
                "detail": session.vault.seal_text(detail),
                **place_columns(place),
                "reporter_id": reporter_id,
                "consent": consent,
                "said_by": said_by and said_by.value,
                "speaker": speaker,
                "step": Step.VERIFY.value,
                "since": session.now.date(),
                "begun_on": session.now.date(),
                "clearing": False,
                "posted": False,
                "closed_as": None,
                "reported_at": session.now,
                "due_on": due_on,
                "version": 0,
            },
        )
        count(session, clue_keys, before=None, after=row)
        self._attachments.add("clue", row["id"], files=[*photos, *voices])
        return self._clue(row)

    async def attribute(self, clue: Clue, said_by: SaidBy, *, speaker: str | None, consent: str | None) -> None:
        """Note whose words a report is made of, and what they agreed to. Raises Conflict when somebody changed the clue."""
        row = await self._session.current(clues, clue)
        await self._session.amend(clues, row, said_by=said_by.value, speaker=speaker, consent=consent)

    async def join(
        self, clue: Clue, person_id: int, *, detail: str, photos: Sequence[str] = (), voices: Sequence[str] = ()
    ) -> None:
        """Add what one more person saw to a clue that is open already; its reporters all follow it."""
        session = self._session
        row = session.add(
            joined_reports,
            {
                "id": new_id(),
                "clue_id": clue.id,
                "person_id": person_id,
                "detail": session.vault.seal_text(detail),
                "at": session.now,
            },
        )
        self._attachments.add("joined_report", row["id"], files=[*photos, *voices])

    async def get(self, clue_id: int) -> Clue | None:
        return self._one(await self._session.read(sa.select(clues).where(clues.c.id == clue_id)))

    async def numbered(self, number: int) -> Clue | None:
        return self._one(await self._session.read(sa.select(clues).where(clues.c.number == number)))

    async def several(self, clue_ids: Sequence[int]) -> list[Clue]:
        rows = await self._session.read(sa.select(clues).where(clues.c.id.in_(clue_ids)))
        return self._some(rows)

    async def open_of(self, household_id: int) -> list[Clue]:
        """The household's clues not yet closed, the newest first."""
        rows = await self._session.look_up(_open_of, household_id) or []
        return self._some(rows)

    async def open_in(self, region: str, most: int = 50) -> list[Clue]:
        """Open clues of a region (code prefix), the most pressing first."""
        query = sa.select(clues).where(inside(clues.c.village, region), clues.c.step != Step.CLOSED.value)
        rows = await self._session.read(query.order_by(clues.c.due_on, clues.c.number).limit(most))
        return self._some(rows)

    async def standing_at(self, steps: Sequence[Step], region: str, *, most: int = 50) -> list[Clue]:
        """The clues of a region (code prefix) at one of these steps, the most pressing first."""
        query = sa.select(clues).where(inside(clues.c.village, region), clues.c.step.in_([step.value for step in steps]))
        rows = await self._session.read(query.order_by(clues.c.due_on, clues.c.number).limit(most))
        return self._some(rows)

    async def words_of(self, clue: Clue, person_id: int) -> list[str]:
        """What a person said about the clue, in order: as its reporter, and whenever they joined it."""
        said = [clue.detail] if clue.reporter_id == person_id else []
        query = sa.select(*with_place(joined_reports.c.detail)).where(
            joined_reports.c.clue_id == clue.id, joined_reports.c.person_id == person_id
        )
        joined = await self._session.read(query.order_by(joined_reports.c.at, joined_reports.c.id))
        detail, vault = joined_reports.c.detail, self._session.vault
        return said + self._session.records(joined_reports, joined, lambda row: vault.open_text(detail, row) or "")

    async def followed_by(self, person_id: int, household_id: int | None = None, *, most: int = 10) -> list[Clue]:
        """What the person reported or joined, and what was reported about their own household; the newest first."""
        joined = sa.select(joined_reports.c.clue_id).where(joined_reports.c.person_id == person_id)
        mine = sa.or_(clues.c.reporter_id == person_id, clues.c.id.in_(joined))
        if household_id is not None:
            mine = sa.or_(mine, clues.c.household_id == household_id)
        rows = await self._session.read(sa.select(clues).where(mine).order_by(clues.c.number.desc()).limit(most))
        return self._some(rows)

    async def move(
        self,
        clue: Clue,
        to: Standing,
        *,
        by: int,
        outcome: str,
        note: str = "",
        facts: Mapping[str, Any] | None = None,
        photos: Sequence[str] = (),
        voices: Sequence[str] = (),
    ) -> Clue:
        """End the clue's present step with an outcome. Raises Conflict when somebody ended it first."""
        session = self._session
        row = await session.current(clues, clue)
        changes = {**to._asdict(), "step": to.step.value, "since": session.now.date()}
        moved = await session.amend(clues, row, **changes)
        count(session, clue_keys, before=row, after=moved)
        event = session.add(
            clue_events,
            {
                "id": new_id(),
                "clue_id": clue.id,
                "person_id": by,
                "at": session.now,
                "step": clue.step.value,
                "outcome": outcome,
                "note": session.vault.seal_text(note),
                "facts": dict(facts) if facts else None,
            },
        )
        self._attachments.add("clue_event", event["id"], files=[*photos, *voices])
        return self._clue(moved)

    async def events(self, clue_id: int) -> list[ClueEvent]:
        """What has been done about a clue, in order, without what can't be read."""
        query = sa.select(clue_events).where(clue_events.c.clue_id == clue_id)
        rows = await self._session.read(query.order_by(clue_events.c.at, clue_events.c.id))
        return self._session.records(clue_events, rows, self._event)

    async def followers(self, clue: Clue) -> list[int]:
        """Everybody to be told of an outcome: who reported or joined, and who speaks for the household."""
        joined = sa.select(joined_reports.c.person_id).where(joined_reports.c.clue_id == clue.id)
        people = [row.person_id for row in await self._session.read(joined)]
        family = await People(self._session).of_household(clue.household_id)
        return list(dict.fromkeys([clue.reporter_id, *people, *family]))

    def _one(self, rows: Sequence[sa.Row[Any]]) -> Clue | None:
        return self._session.record(clues, rows, lambda row: self._clue(row._mapping))

    def _some(self, rows: Iterable[sa.Row[Any]]) -> list[Clue]:
        return self._session.records(clues, rows, lambda row: self._clue(row._mapping))

    def _event(self, row: sa.Row[Any]) -> ClueEvent:
        return ClueEvent.from_row(row, note=self._session.vault.open_text(clue_events.c.note, row) or "", facts=row.facts or {})

    def _clue(self, row: Mapping[Any, Any]) -> Clue:
        detail = self._session.vault.open_text(clues.c.detail, row) or ""
        return Clue.model_validate({**row, "detail": detail, "place": place_of(row)})


_OPEN_OF = (
    sa.select(clues)
    .where(clues.c.household_id.in_(sa.bindparam("households", expanding=True)), clues.c.step != Step.CLOSED.value)
    .order_by(clues.c.number.desc())
)


async def _open_of(session: Session, household_ids: Sequence[int]) -> Mapping[int, list[sa.Row[Any]]]:
    by_household: dict[int, list[sa.Row[Any]]] = {}
    for row in await session.read(_OPEN_OF, {"households": household_ids}):
        by_household.setdefault(row.household_id, []).append(row)
    return by_household
