"""The problem ledger 问题整改台账: adding problems, finding them, and recording what is done about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from storage.counting.overview import problem_keys
from storage.counting.tallies import count
from storage.database.base import new_id
from storage.database.session import Session
from storage.files.attachments import Attachments
from storage.mail.messages import Place, place_columns, place_of
from storage.people.persons import persons
from storage.people.reach import Reach
from storage.problems.photo_hash import PhotoHashes, Print
from storage.problems.records import NewProblem, Problem, ProblemEntry, problem_entries, problem_units, problems, within_reach
from storage.problems.states import Action, ProblemState


class Problems:
    """The ledger: adding lines, finding them, and recording what is done. Rights are checked by the callers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attachments = Attachments(session)
        self._photos = PhotoHashes(session)

    def fingerprint(self, key: str) -> str:
        """A blind hash by which a problem is recognised when it comes again; `key` holds source, place and words."""
        return self._session.vault.blind("problem", key)

    async def known(self, fingerprints: Sequence[str]) -> dict[str, int]:
        """The numbers of the problems that have one of these fingerprints."""
        query = sa.select(problems.c.fingerprint, problems.c.number)
        rows = await self._session.read(query.where(problems.c.fingerprint.in_(fingerprints)))
        return {row.fingerprint: row.number for row in rows}

    async def add(self, new: NewProblem, fingerprint: str) -> Problem:
        """Put a line on the ledger, to be claimed."""
        session = self._session
        row = session.add(
            problems,
            {
                "id": new_id(),
                "number": await session.next_number("problem"),
                "fingerprint": fingerprint,
                "source": new.source,
                "item": new.item,
                "region": new.region,
                "household_id": new.household_id,
                "description": session.vault.seal_text(new.description),
                "measures": session.vault.seal_text(new.measures),
                "units": list(new.units),
                "responsible": new.responsible,
                "deadline": new.deadline,
                "state": ProblemState.UNCLAIMED.value,
                "percent": 0,
                "opened_at": session.now,
                "version": 0,
            },
        )
        count(session, problem_keys, before=None, after=row)
        for unit in dict.fromkeys(new.units):
            session.add(problem_units, {"unit": unit, "problem_id": row["id"]})
        return self._problem(row)

    async def get(self, problem_id: int) -> Problem | None:
        return self._one(await self._session.read(sa.select(problems).where(problems.c.id == problem_id)))

    async def numbered(self, number: int) -> Problem | None:
        return self._one(await self._session.read(sa.select(problems).where(problems.c.number == number)))

    async def several(self, ids: Sequence[int]) -> list[Problem]:
        return self._some(await self._session.read(sa.select(problems).where(problems.c.id.in_(ids))))

    async def within(
        self, reach: Iterable[Reach], states: Sequence[ProblemState], *, most: int, before: date | None = None, skip: int = 0
    ) -> tuple[list[Problem], int]:
        """`most` problems within any of `reach`, by deadline, after the first `skip`, and how many there are in all.

        With `before`, only those whose deadline is earlier. One that can't be read is counted and not among them.
        """
        wanted = sa.and_(within_reach(reach), problems.c.state.in_([state.value for state in states]))
        if before is not None:
            wanted = sa.and_(wanted, problems.c.deadline < before)
        count = sa.select(sa.func.count()).select_from(problems).where(wanted)
        query = sa.select(problems).where(wanted).order_by(problems.c.deadline, problems.c.number).limit(most).offset(skip)
        total = (await self._session.read(count))[0][0]
        return self._some(await self._session.read(query)), int(total)

    async def move(
        self,
        problem: Problem,
        action: Action,
        *,
        state: ProblemState,
        by: int,
        text: str = "",
        percent: int | None = None,
        photos: Sequence[str] = (),
        place: Place | None = None,
        prints: Sequence[Print] = (),
    ) -> Problem:
        """Record an action and the state it leads to; `prints` are of those `photos` that can be recognised again.

        Raises Conflict when somebody acted since `problem` was read.
        """
        session = self._session
        row = await self._session.current(problems, problem)
        percent = problem.percent if percent is None else percent
        entry_id = self._enter(problem.id, action, by, text, percent, place)
        self._attachments.add("problem_entry", entry_id, files=photos)
        for shown in prints:
            self._photos.add(problem.id, by, shown=shown)
        closed_at = problem.closed_at or session.now  # a spot check leaves the day of closing as it is
        # Last, because it writes at once all that was added: whoever finds the new state finds its entry too.
        after = await session.amend(
            problems,
            row,
            state=state.value,
            percent=percent,
            submitted_by=by if action is Action.SUBMIT else problem.submitted_by,
            closed_at=closed_at if state is ProblemState.CLOSED else None,
        )
        count(session, problem_keys, before=row, after=after)
        return self._problem(after)

    async def redate(self, problem: Problem, deadline: date, *, by: int, text: str) -> Problem:
        """Move the deadline; `text` says from when to when and why.

        Raises Conflict when somebody acted since `problem` was read.
        """
        row = await self._session.current(problems, problem)
        self._enter(problem.id, Action.REDATE, by, text, problem.percent, None)
        after = await self._session.amend(problems, row, deadline=deadline)
        count(self._session, problem_keys, before=row, after=after)
        return self._problem(after)

    def show(self, problem: Problem, by: int, *, photos: Sequence[str], prints: Sequence[Print]) -> None:
        """Photos of what is wrong, as it was found."""
        self._attachments.add("problem", problem.id, files=photos)
        for shown in prints:
            self._photos.add(problem.id, by, shown=shown)

    async def entries(self, problem_id: int, most: int) -> list[ProblemEntry]:
        """What was done last, the newest first, without what can't be read."""
        query = (
            sa.select(problem_entries, persons.c.name)
            .join(persons, persons.c.id == problem_entries.c.person_id)
            .where(problem_entries.c.problem_id == problem_id)
            .order_by(problem_entries.c.id.desc())
            .limit(most)
        )
        return self._session.records(problem_entries, await self._session.read(query), lambda row: self._entry(row._mapping))

    async def rectified_by(self, problem_id: int) -> list[int]:
        """Who claimed it, reported on it or submitted it."""
        doing = (Action.CLAIM.value, Action.PROGRESS.value, Action.SUBMIT.value)
        query = sa.select(problem_entries.c.person_id).distinct()
        query = query.where(problem_entries.c.problem_id == problem_id, problem_entries.c.action.in_(doing))
        return sorted(row.person_id for row in await self._session.read(query))

    def _enter(self, problem_id: int, action: Action, by: int, text: str, percent: int, place: Place | None) -> int:
        """Add to its history; returns the entry's id."""
        session = self._session
        entry = {
            "id": new_id(),
            "problem_id": problem_id,
            "person_id": by,
            "action": action.value,
            "text": session.vault.seal_text(text),
            "percent": percent,
            **place_columns(place),
            "at": session.now,
        }
        return int(session.add(problem_entries, entry)["id"])

    def _one(self, rows: Sequence[sa.Row[Any]]) -> Problem | None:
        return self._session.record(problems, rows, lambda row: self._problem(row._mapping))

    def _some(self, rows: Iterable[sa.Row[Any]]) -> list[Problem]:
        return self._session.records(problems, rows, lambda row: self._problem(row._mapping))

    def _problem(self, row: Mapping[Any, Any]) -> Problem:
        texts = {name: self._session.vault.open_text(problems.c[name], row) or "" for name in ("description", "measures")}
        return Problem.model_validate({**row, **texts})

    def _entry(self, row: Mapping[Any, Any]) -> ProblemEntry:
        text = self._session.vault.open_text(problem_entries.c.text, row) or ""
        return ProblemEntry.model_validate({**row, "person": row["name"], "text": text, "place": place_of(row)})
