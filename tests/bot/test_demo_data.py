"""The invented town: the same each time, marked, whole, and nobody's numbers."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.fill import DemoSummary, NotEmpty, demo_note, demo_plan, make_demo_data
from bot.demo.names import MARK, NO_AREA, NO_OPERATOR
from handlers.calendar.deadlines import last_day
from handlers.calendar.workdays import is_workday, workdays_between
from handlers.cases.procedure import apply
from handlers.cases.table import Act, Party
from handlers.problems.states import RULES
from handlers.reading import read_id_number, read_phone
from storage.cases.records import Clue, clue_events, clues
from storage.cases.steps import Step
from storage.database import audit
from storage.database.base import SHANGHAI
from storage.database.connection import Database, sqlite_url
from storage.database.reading import Damage
from storage.mail.chats import chats
from storage.measures import measure_entries, measures, supports
from storage.people.masking import mask_id, mask_phone, mask_text
from storage.people.persons import Role, accounts, officials, persons, posts
from storage.plan import builtin_plans, load_plan
from storage.problems.records import problem_entries, problems
from storage.problems.states import Action, ProblemState
from storage.quiz import quiz_cards, quiz_reviews
from storage.reminders.rows import reminders
from storage.roster import households, members
from tests.support.town import VAULT

NOW = datetime(2022, 10, 19, 9, 0, tzinfo=SHANGHAI)
WAFANG = load_plan(builtin_plans()["wafang-2022"])
PLAN = demo_plan(WAFANG, NOW.date())
SIZE = 200


async def _make(database: Database) -> DemoSummary:
    return await make_demo_data(database, PLAN, now=NOW, households=SIZE)


def _as_reported(row: Any) -> Clue:
    """A clue as it stood before anything was done about it."""
    day = row.reported_at.date()
    return Clue(
        id=row.id, number=row.number, household_id=row.household_id, village=row.village, source=row.source,
        kinds=tuple(row.kinds), detail="", place=None, reporter_id=row.reporter_id, step=Step.VERIFY, since=day,
        begun_on=day, clearing=False, posted=False, closed_as=None, reported_at=row.reported_at,
        due_on=last_day(day, PLAN.clocks.verify), version=0,
    )  # fmt: skip


async def _rows(database: Database, table: sa.Table, *order: sa.Column[Any]) -> list[Any]:
    async with database.read() as conn:
        return list(await conn.execute(sa.select(table).order_by(*order or table.primary_key.columns)))


async def test_the_plan_of_another_town_has_a_demo_too(database: Database) -> None:
    places = tuple(one.model_copy(update={"name": f"东{one.name}"}) for one in PLAN.villages[:2])
    plan = PLAN.model_copy(update={"villages": places})
    made = await make_demo_data(database, plan, now=NOW, households=SIZE)
    assert {row.village for row in await _rows(database, households)} == {village.code for village in places}
    assert len(made.phones) == 3


async def test_a_small_town_is_whole_and_its_audit_chain_holds(database: Database) -> None:
    made = await _make(database)
    listed = await _rows(database, households)
    assert len(listed) == made.households == SIZE
    assert {row.village for row in listed} == {village.code for village in PLAN.villages}
    assert 2 <= made.people / SIZE <= 4
    async with database.read() as conn:
        held = Counter(official.person.posts[0].role for official in await officials(conn, Damage()))
        assert await audit.verify(conn, VAULT) == []
    assert held == {Role.VILLAGE: 68, Role.UNIT: 16, Role.TOWN: 4, Role.COUNTY: 2}
    assert made.officials == 90


async def test_every_step_state_and_action_is_there(database: Database) -> None:
    made = await _make(database)
    filed, ledger = await _rows(database, clues), await _rows(database, problems)
    assert {row.step for row in filed} == set(Step)
    assert {row.state for row in ledger} == set(ProblemState)
    assert {row.action for row in await _rows(database, problem_entries)} == set(RULES)
    assert (len(filed), len(ledger)) == (made.clues, made.problems)
    assert any(row.deadline < NOW.date() and row.state != ProblemState.CLOSED for row in ledger)
    assert len(await _rows(database, quiz_reviews)) == made.answers > 0
    assert len(await _rows(database, quiz_cards)) <= made.answers


@pytest.mark.sqlite_only
async def test_history_follows_the_procedure_and_lies_in_the_past(database: Database) -> None:
    await _make(database)
    filed = {row.id: row for row in await _rows(database, clues)}
    played = {key: _as_reported(row) for key, row in filed.items()}
    moments = {key: [row.reported_at] for key, row in filed.items()}
    for event in await _rows(database, clue_events, clue_events.c.id):
        clue, note = played[event.clue_id], VAULT.open_text(clue_events.c.note, event) or ""
        assert clue.step == event.step
        to = apply(clue, Act(event.outcome), parties=Party, today=event.at.date(), clocks=PLAN.clocks, reason=note)
        played[event.clue_id] = clue.model_copy(update={**to._asdict(), "since": event.at.date()})
        moments[event.clue_id].append(event.at)
    for key, row in filed.items():
        clue = played[key]
        assert (clue.step, clue.clearing, clue.due_on) == (row.step, row.clearing, row.due_on)
        assert [*moments[key], NOW] == sorted([*moments[key], NOW])
    states = dict.fromkeys([row.id for row in await _rows(database, problems)], ProblemState.UNCLAIMED)
    for entry in await _rows(database, problem_entries, problem_entries.c.id):
        rule = RULES[Action(entry.action)]
        assert states[entry.problem_id] is rule.before
        states[entry.problem_id] = rule.after
        assert entry.at < NOW
    assert states == {row.id: row.state for row in await _rows(database, problems)}


@pytest.mark.sqlite_only
async def test_whoever_is_registered_is_helped_and_nobody_is_cleared_before_it_is_done(database: Database) -> None:
    await _make(database)
    filed = {row.id: row for row in await _rows(database, clues)}
    events = await _rows(database, clue_events)
    helped = {row.clue_id: row for row in await _rows(database, supports)}
    assert {*helped} == {event.clue_id for event in events if event.outcome == Act.ENROL}
    assert all(row.responsible_id for row in helped.values())
    clue_of = {row.id: row.clue_id for row in helped.values()}
    chosen = await _rows(database, measures)
    for clue_id in helped:
        kinds = {row.kind for row in chosen if clue_of[row.support_id] == clue_id}
        assert kinds == {*filed[clue_id].kinds}
    asked = {event.clue_id: event.at for event in events if event.outcome == Act.PROPOSE}
    for row in chosen:
        at = asked.get(clue_of[row.support_id])
        assert at is None or (row.done_at is not None and row.done_at < at)
    assert {row.percent for row in await _rows(database, measure_entries)} == {50, 100}


@pytest.mark.sqlite_only
async def test_what_is_open_will_be_reminded_of_and_nothing_earlier(database: Database) -> None:
    await _make(database)
    planned = await _rows(database, reminders)
    assert min(row.due_at.date() for row in planned) >= NOW.date()
    waiting = {str(row.id) for row in await _rows(database, problems) if row.state in ("unclaimed", "working")}
    waiting |= {str(row.id) for row in await _rows(database, clues) if row.due_on}
    waiting |= {str(row.id) for row in await _rows(database, measures) if not row.done_at}
    assert {row.subject_id for row in planned} == waiting


@pytest.mark.sqlite_only
async def test_everybody_shown_is_marked(database: Database) -> None:
    await _make(database)
    assert all(row.name.endswith(MARK) for row in await _rows(database, persons))
    assert all(row.group_name.startswith(MARK) for row in await _rows(database, households))
    assert all((VAULT.open_text(problems.c.description, row) or "").startswith(MARK) for row in await _rows(database, problems))


@pytest.mark.sqlite_only
async def test_numbers_are_well_formed_and_nobodys(database: Database) -> None:
    await _make(database)
    listed = await _rows(database, members)
    ids = [VAULT.open_text(members.c.id_number, row) or "" for row in listed]
    phones = [VAULT.open_text(members.c.phone, row) or "" for row in listed if row.phone]
    phones += [VAULT.open_text(persons.c.phone, row) or "" for row in await _rows(database, persons) if row.phone]
    assert len({*ids}) == len(ids)
    assert len({*phones}) == len(phones)
    for number in ids:
        assert read_id_number(number, NOW.date()) == number
        assert number.startswith(NO_AREA)
        assert mask_text(number) == mask_id(number) != number
    for number in phones:
        assert read_phone(number) == number
        assert number.startswith(NO_OPERATOR)
        assert mask_text(number) == mask_phone(number) != number


@pytest.mark.sqlite_only
async def test_three_phones_belong_to_a_household_its_helper_and_the_town(database: Database) -> None:
    made = await _make(database)
    async with database.read() as conn:
        bound = await accounts(conn, [phone.address for phone in made.phones], Damage())
    owners = [bound[phone.address].person for phone in made.phones]
    roles = [owner and owner.posts[0].role for owner in owners]
    assert roles == [Role.HOUSEHOLD, Role.VILLAGE, Role.TOWN]
    assert [owner and owner.name for owner in owners] == [phone.name for phone in made.phones]
    home = next(row for row in await _rows(database, households) if owners[0] and row.id == owners[0].household_id)
    assert owners[1] is not None
    assert home.helper_id == owners[1].id
    told = [row for row in await _rows(database, clues) if row.household_id == home.id]
    assert [row.step for row in told] == [Step.CLOSED]  # so the next report is a new one


async def test_only_an_empty_database_is_filled(database: Database) -> None:
    await _make(database)
    with pytest.raises(NotEmpty):
        await _make(database)
    assert len(await _rows(database, chats)) == 3


async def test_the_same_seed_makes_the_same_town(database: Database, tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "again.db")
    again = Database(sqlite_url(tmp_path / "again.db"), VAULT)
    try:
        await _make(database)
        await _make(again)
        assert await _told(database) == await _told(again)
    finally:
        await again.close()


async def _told(database: Database) -> list[object]:
    """Everything about a town but the ids of its rows."""
    opened = VAULT.open_text
    names = {row.id: row.name for row in await _rows(database, persons)}
    numbers = {row.id: row.number for row in await _rows(database, households)}
    return [
        [(row.name, opened(persons.c.phone, row), row.joined_at) for row in await _rows(database, persons)],
        [(names[row.person_id], row.role, row.region, row.unit) for row in await _rows(database, posts)],
        [
            (row.number, row.village, row.group_name, row.head, row.kind, names.get(row.helper_id))
            for row in await _rows(database, households)
        ],
        [
            (numbers[row.household_id], row.name, row.relation, opened(members.c.id_number, row), opened(members.c.phone, row))
            for row in await _rows(database, members)
        ],
        [
            (row.number, numbers[row.household_id], opened(clues.c.detail, row), row.step, row.reported_at, row.due_on)
            for row in await _rows(database, clues)
        ],
        [(opened(clue_events.c.note, row), names[row.person_id], row.at) for row in await _rows(database, clue_events)],
        [
            (opened(measures.c.text, row), row.unit, row.deadline, row.percent, row.done_at)
            for row in await _rows(database, measures)
        ],
        [
            (row.number, row.region, opened(problems.c.description, row), row.state, row.responsible, row.deadline)
            for row in await _rows(database, problems)
        ],
        [
            (opened(problem_entries.c.text, row), row.action, names[row.person_id], row.at)
            for row in await _rows(database, problem_entries)
        ],
        [(names[row.person_id], row.question, row.rating, row.at) for row in await _rows(database, quiz_reviews)],
        sorted((row.stage, row.deadline) for row in await _rows(database, reminders)),
    ]


@given(st.dates(date(2022, 1, 1), date(2040, 12, 31)))
def test_today_lies_a_third_into_rectification(today: date) -> None:
    plan = demo_plan(WAFANG, today)
    phase = plan.phase("rectify")
    assert phase in plan.phases_on(today)
    assert phase.last - phase.first == WAFANG.phase("rectify").last - WAFANG.phase("rectify").first
    assert today < phase.last
    assert 0 <= workdays_between(phase.first, today) <= workdays_between(phase.first, phase.last) * 2 / 3


def test_the_phase_begins_and_ends_at_work_and_the_note_tells_the_dates() -> None:
    plan = demo_plan(WAFANG, date(2026, 11, 24))
    phase = plan.phase("rectify")
    assert is_workday(phase.first)
    assert is_workday(phase.last)
    note = demo_note(plan, date(2026, 11, 24))
    assert f"{phase.first:%m月%d日}至{phase.last:%m月%d日}" in note
    assert "编的" in note
