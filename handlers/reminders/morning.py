"""What a working morning's message says beside what is due: what is new to a person, the day's questions, the week's report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from handlers.cases.procedure import whose_turn
from handlers.cases.table import Party
from handlers.engine.attendance import away_on, on_duty
from handlers.engine.world import World
from handlers.reminders.finders import FINDERS
from handlers.reminders.matter import Matter, ids_of
from handlers.reminders.morning_words import PRESSING, Morning, quiz_label, text_of
from handlers.weekly.words import week_before
from storage.database.base import SHANGHAI
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.store import Store

_OFFICES = {Party.TOWN: Role.TOWN, Party.COUNTY: Role.COUNTY}


@dataclass(slots=True)
class Besides:
    """For one person. `unsent`: the first day of the week whose report was written for them and not sent."""

    fresh: list[Matter] = field(default_factory=list)
    quiz: bool = False
    unsent: date | None = None


async def besides(store: Store, world: World, since: datetime | None) -> dict[int, Besides]:
    """For everybody in office who is not on leave. `since` is the last morning; None: there was none, so nothing is new."""
    now = store.session.now
    away = away_on(world, now.date())
    found = {one.person.id: Besides() for one in world.directory.officials if one.address and one.person.id not in away}
    for matter, people in (await _fresh(store, world, since)).items() if since else ():
        for person_id in on_duty(world, people, now.date()):
            if person_id in found:
                found[person_id].fresh.append(matter)
    midnight = datetime.combine(now.date(), time(), SHANGHAI)
    questions = len(world.plan.questions)
    done = (
        await store.mornings.quiz_done(found, questions, today=now.date(), since=midnight) if questions else set(found)
    )
    unsent = await store.weekly_reports.unsent(week_before(now.date()))
    for person_id, has in found.items():
        has.quiz = person_id not in done
        has.unsent = unsent.get(person_id)
    return found


async def _fresh(store: Store, world: World, since: datetime) -> dict[Matter, tuple[int, ...]]:
    """What has come since then, each with those whose turn it is."""
    moved = {str(case.id): whose_turn(case.step) for case in await store.mornings.moved_cases(since)}
    ids = {"clue": dict.fromkeys(moved), "problem": dict.fromkeys(map(str, await store.mornings.new_problems(since)))}
    for subject, subject_id in await store.mornings.assigned(since):
        ids.setdefault(subject, {})[subject_id] = None
    found: dict[Matter, tuple[int, ...]] = {}
    for subject, keys in ids.items():
        for key, matter in (await FINDERS[subject](store, world, list(keys))).items():
            party = moved.get(key) if subject == "clue" else None
            office = _OFFICES.get(party) if party else None
            found[matter] = ids_of(world.directory.holding(office, matter.region)) if office else matter.responsible
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A matter that is due, as it is shown: its line, whether it came late, and the button that puts it off."""

    matter: Matter
    line: str
    late: bool
    later: Button | None


def message(world: World, person_id: int, due: Sequence[Shown], has: Besides) -> Outgoing | None:
    """The message of a morning; None where there is nothing to say. `due` in the order in which it presses."""
    named = {one.matter for one in due}
    fresh = [matter for matter in has.fresh if matter not in named]
    morning = Morning(
        due=[one.line for one in due],
        missed=sum(one.late for one in due),
        fresh=[title for matter in fresh for title, _ in matter.titles],
        quiz=has.quiz,
        unsent=has.unsent is not None,
    )
    if morning.empty:
        return None
    shown, rest = due[: morning.shown], due[morning.shown :]
    own = any(person_id in one.matter.responsible and one.matter.can_be_late for one in rest)
    morning = replace(morning, rest_is_own=own)
    rows = [(_look(one.matter), *([one.later] if one.later else [])) for one in shown]
    rows += [(_look(matter),) for matter in fresh[: PRESSING - len(shown)]]
    last = tuple(_ways(world, own or len(fresh) > PRESSING - len(shown), has))
    return Outgoing(text=text_of(morning), buttons=(*rows, last) if last else tuple(rows))


def _look(matter: Matter) -> Button:
    return Button(label=matter.label, says=matter.does)


def _ways(world: World, more: bool, has: Besides) -> Iterable[Button]:
    if has.quiz:
        yield Button(label=quiz_label(world.plan.quiz_daily), says="/quiz")
    if more:
        yield Button(label="全部待办", says="/todo")
    if has.unsent:
        yield Button(label="看周报", says=f"/weekly {has.unsent:%Y%m%d}")
