"""The message of a working morning: what is due, what is new, the day's questions, the week's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from handlers.cases.procedure import whose_turn
from handlers.cases.table import Party
from handlers.engine.attendance import away_on, on_duty
from handlers.engine.jobs import JobName
from handlers.engine.world import World
from handlers.reminders.finders import find_items
from handlers.reminders.morning_text import PRESSING, Morning, quiz_label, text_of
from handlers.reminders.work_item import WorkItem
from handlers.weekly.text import week_before
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction
from storage.joining.newcomers import Newcomer
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.store import Store

REMIND = JobName("remind", "提醒")

_ACROSS = 3
"""Buttons in a row below those of matters."""

_OFFICES = {Party.TOWN: Role.TOWN, Party.COUNTY: Role.COUNTY}


@dataclass(slots=True)
class MorningNews:
    """For one person. `unsent`: the first day of the week whose report was written for them and not sent. `joined`: phones
    that joined households and wait to be confirmed; `vouched`: by the id of each other who has confirmed some that joined since
    the last morning, how many; `knocked`: people who wanted to join and could not, since then."""

    fresh: list[WorkItem] = field(default_factory=list)
    quiz: bool = False
    unsent: date | None = None
    joined: int = 0
    vouched: Counter[int] = field(default_factory=Counter)
    knocked: int = 0


async def morning_news(tx: Transaction, world: World, since: datetime | None) -> dict[int, MorningNews]:
    """For everybody in office who is not on leave. `since` is the last morning; None: there was none, so nothing is new."""
    now = tx.now
    away = away_on(world, now.date())
    found = {one.person.id: MorningNews() for one in world.directory.officials if one.address and one.person.id not in away}
    for item, people in (await _new_items(tx, world, since)).items() if since else ():
        for person_id in on_duty(world, people, day=now.date()):
            if person_id in found:
                found[person_id].fresh.append(item)
    midnight = datetime.combine(now.date(), time(), SHANGHAI)
    questions = len(world.plan.questions)
    async with tx.session(request=f"job:{REMIND}") as session:
        store = Store(session)
        done = await store.mornings.quiz_done(found, questions, today=now.date(), since=midnight) if questions else set(found)
        unsent = await store.weekly_reports.unsent(week_before(now.date()))
        await _note_doors(store, world, since, found)
    for person_id, has in found.items():
        has.quiz = person_id not in done
        has.unsent = unsent.get(person_id)
    return found


async def _note_doors(store: Store, world: World, since: datetime | None, found: dict[int, MorningNews]) -> None:
    """Tell each village's cadres of the phones to be confirmed, the town where a village has nobody; the town who knocked."""
    today = store.session.now.date()
    for village, count in (await store.newcomers.counts()).items():
        cadres = on_duty(world, world.directory.ids(Role.VILLAGE, village), day=today)
        there = [one for one in cadres if one in found]
        for person_id in there or [one for one in world.directory.ids(Role.TOWN, village) if one in found]:
            found[person_id].joined += count
    for one in await store.newcomers.vouched([""], since) if since else ():
        for person_id in _others_who_know(world, one, found, day=today):
            found[person_id].vouched[one.confirmed_by or 0] += 1
    for village, count in (await store.admissions.knocks_since(since)).items():
        for person_id in world.directory.ids(Role.TOWN, village):
            if person_id in found:
                found[person_id].knocked += count


def _others_who_know(world: World, one: Newcomer, there: Collection[int], *, day: date) -> list[int]:
    """The cadres of the phone's village but who vouched for it and whose it is; where there are none, the town."""
    cadres = on_duty(world, world.directory.ids(Role.VILLAGE, one.region), day=day)
    for office in (cadres, world.directory.ids(Role.TOWN, one.region)):
        if others := [key for key in office if key in there and key not in (one.confirmed_by, one.person_id)]:
            return others
    return []


async def _new_items(tx: Transaction, world: World, since: datetime) -> dict[WorkItem, tuple[int, ...]]:
    """The work that has come since `since`, each with the people whose turn it is. What can't be read is no news."""
    async with tx.session(request=f"job:{REMIND}") as session:
        mornings = Store(session).mornings
        moved = {str(case.id): whose_turn(case.step) for case in await mornings.moved_cases(since)}
        wanted = [("clue", key) for key in moved] + [("problem", str(key)) for key in await mornings.new_problems(since)]
        wanted += await mornings.assigned(since)
    found: dict[WorkItem, tuple[int, ...]] = {}
    for (subject, key), item in (await find_items(tx, world, REMIND, wanted)).items():
        party = moved.get(key) if subject == "clue" else None
        office = _OFFICES.get(party) if party else None
        found[item] = world.directory.ids(office, item.region) if office else item.responsible
    return found


@dataclass(frozen=True, slots=True)
class DueLine:
    """A line of what is due, whether it comes late, and the button that snoozes it."""

    item: WorkItem
    line: str
    late: bool
    later: Button | None


def message(
    world: World, person_id: int, due: Sequence[DueLine], news: MorningNews
) -> tuple[Outgoing, list[int | None]] | None:
    """The message of a morning, and the households of which it tells; None where there is nothing to say.

    `due` is in the order in which it presses.
    """
    named = {one.item for one in due}
    fresh = [item for item in news.fresh if item not in named]
    morning = Morning(
        due=[one.line for one in due],
        missed=sum(one.late for one in due),
        fresh=[title for item in fresh for title, _ in item.titles],
        quiz=news.quiz,
        unsent=news.unsent is not None,
        joined=news.joined,
        vouched=[_vouched_in_words(world, by, count) for by, count in news.vouched.items()],
        knocked=news.knocked,
    )
    if morning.empty:
        return None
    shown, rest = due[: morning.shown], due[morning.shown :]
    own = any(person_id in one.item.responsible and one.item.can_be_late for one in rest)
    morning = replace(morning, rest_is_own=own)
    rows = [(_item_button(one.item), *([one.later] if one.later else [])) for one in shown]
    rows += [(_item_button(item),) for item in fresh[: PRESSING - len(shown)]]
    more = list(_more_buttons(world, news, more=own or len(fresh) > PRESSING - len(shown)))
    last = [tuple(more[start : start + _ACROSS]) for start in range(0, len(more), _ACROSS)]
    told = [*(one.item for one in shown), *fresh[:1]]  # of what is new only the first is named
    return Outgoing(text=text_of(morning), buttons=(*rows, *last)), [item.household_id for item in told]


def _vouched_in_words(world: World, by: int, count: int) -> str:
    """ "李村 2 部"."""
    official = world.directory.person(by)
    return f"{official.person.name if official else '已离岗的同事'} {count} 部"


def _item_button(item: WorkItem) -> Button:
    return Button(label=item.label, says=item.command)


def _more_buttons(world: World, news: MorningNews, *, more: bool) -> Iterable[Button]:
    if news.quiz:
        yield Button(label=quiz_label(world.plan.quiz_daily), says="/quiz")
    if more:
        yield Button(label="全部待办", says="/todo")
    if news.unsent:
        yield Button(label="看周报", says=f"/weekly {news.unsent:%Y%m%d}")
    if news.joined or news.vouched:
        yield Button(label="看新手机", says="/phones")
    if news.knocked:
        yield Button(label="看谁没对上", says="/knocks")
