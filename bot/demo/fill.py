"""Demo data: a whole invented town at work on the plan, the same for the same seed (docs/demo.md)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from bot.demo.cases import ClueHistory
from bot.demo.days import play
from bot.demo.ledger import Ledger
from bot.demo.recitals import MORNINGS, Recitals
from bot.demo.town import STORY_CADRE, STORY_OFFICER, Town, found_town
from handlers.calendar.planning import plan_clue, plan_deadline
from handlers.calendar.workdays import is_workday, workdays_between
from storage.database.base import Record
from storage.database.connection import Database
from storage.database.transaction import transaction
from storage.mail.chats import chat_row, chats
from storage.people.persons import officials
from storage.plan import Plan, shift
from storage.problems.records import Problem
from storage.problems.states import TO_RECTIFY
from storage.store import Store

HOUSEHOLDS, CLUES, PROBLEMS = 3400, 120, 64
"""The real size; a smaller town has fewer clues and problems too, but one of every kind."""

_FEWEST_CASES, _FEWEST_MORNINGS = 24, 2
_FOUNDED = timedelta(days=100)
"""How long before today everybody was put in office and on the roster: before the first clue."""

_PHASE = "rectify"
_THIRD = 1 / 3


class NotEmpty(Exception):
    """The database holds people already; the message says what to do."""


class DemoPhone(Record):
    """One of the demo page's phones, and whose it is."""

    label: str
    address: str
    person_id: int
    name: str


class DemoSummary(Record):
    """What was made; `people` are those on the roster, `officials` those in office."""

    villages: int
    households: int
    people: int
    officials: int
    clues: int
    problems: int
    answers: int
    phones: tuple[DemoPhone, ...]


def demo_plan(plan: Plan, today: date) -> Plan:
    """The plan moved so that about a third of the working days of its rectification phase are over on `today`.

    The phase begins and ends on working days if any such move allows it.
    """
    phase = plan.phase(_PHASE)
    length = (phase.last - phase.first).days

    def fit(gone: int) -> tuple[int, float]:
        first, last = today - timedelta(days=gone), today + timedelta(days=length - gone)
        over = workdays_between(first, today) / max(1, workdays_between(first, last))
        return (not is_workday(first)) + (not is_workday(last)), abs(over - _THIRD)

    gone = min(range(length // 6, length // 2 + 1), key=fit)
    return shift(plan, today - timedelta(days=gone) - (phase.first - plan.phases[0].first))


def demo_note(plan: Plan, today: date) -> str:
    """What the demo says about itself, given the moved plan."""
    phase = plan.phase(_PHASE)
    day = (today - phase.first).days + 1
    days = f"{phase.first:%m月%d日}至{phase.last:%m月%d日}"
    return f"示例数据：人和事都是编的。方案日期已移到今天前后：{phase.name} {days}，今天是第 {day} 天。"


async def make_demo_data(
    database: Database, plan: Plan, *, now: datetime, seed: int = 2022, households: int = HOUSEHOLDS
) -> DemoSummary:
    """Fill an empty, migrated database in one transaction. The same seed, `now` and size make the same town.

    `plan` is the built-in plan or one made from it, moved by `demo_plan`; `households` at least 200. Raises NotEmpty.
    """
    rng = Random(seed)  # noqa: S311 - a town that can be made again, not a secret
    share = min(1, households / HOUSEHOLDS)
    async with transaction(database, now) as tx, tx.session("demo-data", f"seed:{seed}") as session:
        if await officials(tx.conn, tx.damage):
            raise NotEmpty("数据库里已经有人了，示例数据只能放进空的数据目录。请用 CUNBAO_DATA_DIR 换一个目录。")
        store = Store(session)
        tx.now = now - _FOUNDED
        town = await found_town(tx, store, plan, rng, households)
        clues = ClueHistory(store, plan, town, rng, now.date())
        ledger = Ledger(store, plan, town, rng, now.date())
        recitals = Recitals(store, plan, town, rng, now.date())
        await play(
            tx,
            [
                *clues.events(max(_FEWEST_CASES, round(CLUES * share))),
                *ledger.events(max(_FEWEST_CASES, round(PROBLEMS * share))),
            ],
        )
        tx.now = now
        answers = recitals.keep(max(_FEWEST_MORNINGS, round(MORNINGS * share)))
        _remind(store, plan, clues, ledger.problems, now)
        phones = await _phones(store, town)
    return DemoSummary(
        villages=len(plan.villages),
        households=len(town.roster),
        people=town.members,
        officials=len(town.directory.officials),
        clues=len(clues.clues),
        problems=len(ledger.problems),
        answers=answers,
        phones=phones,
    )


def _remind(store: Store, plan: Plan, history: ClueHistory, problems: list[Problem], now: datetime) -> None:
    """From now on; what was due before has been spoken of."""
    for clue in history.clues:
        plan_clue(store.reminders, plan, clue=clue, now=now)
    for measure in history.measures:
        if not measure.done:
            plan_deadline(
                store.reminders, plan, subject="measure", subject_id=str(measure.id), deadline=measure.deadline, now=now
            )
    for problem in problems:
        if problem.state in TO_RECTIFY:
            plan_deadline(
                store.reminders, plan, subject="problem", subject_id=str(problem.id), deadline=problem.deadline, now=now
            )


async def _phones(store: Store, town: Town) -> tuple[DemoPhone, ...]:
    """Bind the phones of a household, of the cadre who looks after it, and of an officer of the town."""
    (voice,) = await store.people.of_household(town.story.id)
    cadre, officer = town.named(STORY_CADRE).person, town.named(STORY_OFFICER).person
    household = await store.people.get(voice)
    name = household.name if household else ""
    phones = (
        DemoPhone(label="农户", address="web:demo-household", person_id=voice, name=name),
        DemoPhone(label="村干部", address="web:demo-village", person_id=cadre.id, name=cadre.name),
        DemoPhone(label="镇乡村振兴办", address="web:demo-town", person_id=officer.id, name=officer.name),
    )
    for phone in phones:
        store.session.add(chats, chat_row(phone.address, now=store.session.now, person_id=phone.person_id))
    return phones
