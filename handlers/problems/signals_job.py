"""Looks for signals in recent work once a working day, and puts them to the town as questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from handlers.calendar.deadlines import next_open
from handlers.engine.jobs import Daily, Job, JobName, each
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.problems.common import problem_in_words
from handlers.problems.signal_rules import bursts, far_away, no_visit
from handlers.reading import shortened
from handlers.wording.days import day_in_words, moment_in_words
from storage.database.transaction import Transaction
from storage.mail import outbox
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.problems.deeds import Deed
from storage.problems.records import Problem
from storage.problems.signals import Signal, SignalKind
from storage.problems.states import Action
from storage.store import Store

_NAME = JobName("signals", "找疑点")
_LOOKS_BACK = timedelta(days=14)
"""Longer than any holiday, after which the days before it are looked at."""

_LOCATED = frozenset({Action.PROGRESS, Action.SUBMIT})
_SHOWN = 3
_NUMBERS = 6

Question = tuple[int, SignalKind, str]
"""About which problem, what kind, and in which words."""

Find = Callable[[Store, World, datetime], Awaitable[Sequence[Question]]]
"""Finds the questions of one kind about what was done since a moment."""


async def tell(tx: Transaction, world: World) -> int:
    """Store new signals and queue one message about them to each of the town's officials. Returns how many were queued."""
    if next_open(tx.now, world.plan.reminders) > tx.now:
        return 0
    today = tx.now.date()
    intent = Intent(Cause.SIGNALS, f"{today}")
    town = world.directory.ids(Role.TOWN, world.plan.town.code)
    async with tx.session(request="job:signals") as session:
        if await outbox.known_intents(session, [intent.to(person_id) for person_id in town]):
            return 0
        raised = await Store(session).signals.raised()

    async def raise_new(store: Store, find: Find) -> int:
        for problem_id, kind, detail in await find(store, world, tx.now - _LOOKS_BACK):
            if (problem_id, kind) not in raised:
                raised.add((problem_id, kind))
                store.signals.add(problem_id, kind, detail=detail)
        return 0

    await each(tx, _NAME, _FINDERS, raise_new)
    await tx.settle()
    async with tx.session(request="job:signals") as session:
        store = Store(session)
        untold, problems = await _untold(store)
        if not untold:
            return 0
        message = _message(world, untold, problems)
        told = await notify(store, world, messages=dict.fromkeys(town, message), intent=intent)
        if told:
            await store.signals.told(untold, today)
    return len(told)


JOB = Job(_NAME, Daily(8, 5, when_open=True), tell)


async def _untold(store: Store) -> tuple[list[Signal], Mapping[int, Problem]]:
    """The questions nobody was told of about problems that can be read, and these problems by id."""
    untold = await store.signals.untold()
    problems = {one.id: one for one in await store.problems.several([signal.problem_id for signal in untold])}
    return [signal for signal in untold if signal.problem_id in problems], problems


def _message(world: World, untold: Sequence[Signal], problems: Mapping[int, Problem]) -> Outgoing:
    lines = [f"【疑点】有 {len(untold)} 处想请镇里看一看，只是提问，不是结论："]
    for signal in untold[:_SHOWN]:
        lines.append(f"{problem_in_words(world, problems[signal.problem_id])}：{shortened(signal.detail, 60)}")
    lines += ["……"] if len(untold) > _SHOWN else []
    return Outgoing(text="\n".join(lines), buttons=((Button(label="逐条看", says="/signals"),),))


async def _done(store: Store, since: datetime) -> list[Deed]:
    return await store.deeds.since(since, [Action.PROGRESS, Action.SUBMIT, Action.ACCEPT])


async def _bursts(store: Store, _: World, since: datetime) -> Sequence[Question]:
    return list(_burst_questions(await _done(store, since)))


async def _visits(store: Store, _: World, since: datetime) -> Sequence[Question]:
    return list(_visit_questions(await store.deeds.of_submitted(since)))


def _burst_questions(done: Iterable[Deed]) -> Iterator[Question]:
    for run in bursts(done):
        first = run[0]
        numbers = list(dict.fromkeys(f"{deed.number}号" for deed in run))
        listed = "、".join(numbers[:_NUMBERS]) + ("等" if len(numbers) > _NUMBERS else "")
        detail = (
            f"{first.person} {moment_in_words(first.at)} 起一分钟左右{first.action.label} {len(run)} 件：{listed}，都看过吗？"
        )
        yield first.problem_id, SignalKind.BURST, detail


def _visit_questions(histories: Iterable[Deed]) -> Iterator[Question]:
    by_problem: dict[int, list[Deed]] = defaultdict(list)
    for deed in histories:
        by_problem[deed.problem_id].append(deed)
    for problem_id, history in by_problem.items():
        if no_visit(history):
            last = next(deed for deed in reversed(history) if deed.action is Action.SUBMIT)
            detail = f"{last.person} {day_in_words(last.at)}报 100%，没有照片、定位，说明也很短，去看过吗？"
            yield problem_id, SignalKind.NO_VISIT, detail


async def _place_questions(store: Store, world: World, since: datetime) -> Sequence[Question]:
    questions: list[Question] = []
    done = await _done(store, since)
    villages = {village.code: village.name for village in world.plan.villages}
    located = [deed for deed in done if deed.place and deed.action in _LOCATED and deed.region in villages]
    known = {region: await store.deeds.places_in(region) for region in {deed.region for deed in located}}
    for deed in located:
        earlier = [place for at, place in known[deed.region] if at < deed.at]
        away = far_away(deed.place, earlier) if deed.place else None
        if away is not None:
            where = f"离{villages[deed.region]}常见位置约 {away:.0f} 公里"
            detail = f"{deed.person} {moment_in_words(deed.at)} 的定位{where}，当时在现场吗？"
            questions.append((deed.problem_id, SignalKind.FAR, detail))
    return questions


async def _photo_questions(store: Store, _: World, since: datetime) -> Sequence[Question]:
    repeats = await store.photo_hashes.repeated(since)
    first = {one.id: one.number for one in await store.problems.several([one.first_problem_id for one in repeats])}
    return [
        (
            one.problem_id,
            SignalKind.PHOTO,
            f"{day_in_words(one.at)}的照片和 {first[one.first_problem_id]}号 {day_in_words(one.first_at)}的很像，是同一张吗？",
        )
        for one in repeats
        if one.first_problem_id in first
    ]


_FINDERS: Mapping[str, Find] = {"burst": _bursts, "visit": _visits, "place": _place_questions, "photo": _photo_questions}
"""What looks for signals, each by itself."""
