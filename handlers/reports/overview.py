"""The overview of a town on one screen: open cases and problems, and how far they are from zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.world import World
from handlers.visits.coverage import progress_in_words
from handlers.wording.days import day_in_words
from handlers.wording.people import region_in_words
from storage.cases.steps import Step
from storage.counting.overview import OverviewFigures
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.states import OPEN
from storage.roster import MONITORED
from storage.store import Store


@conversation("overview", "全镇情况", for_roles={Role.TOWN, Role.COUNTY}, words=("概况", "情况"))
async def overview(chat: Chat) -> None:
    region = chat.person.posts_as(Role.TOWN, Role.COUNTY)[0].region
    text = await as_text(chat.store, chat.world, region, chat.now.date())
    await chat.say(text, [[Button(label="排查进度", says="/coverage")]])


async def as_text(store: Store, world: World, region: str, today: date) -> str:
    """The overview of a region in five lines; its cost does not grow with what is counted."""
    figures = await store.overview.of(region, world.round, today=today)
    return "\n".join(
        [
            f"【{region_in_words(world.plan, region)}】{day_in_words(today)}",
            _clues(figures),
            _problems(figures),
            f"排查{progress_in_words(figures.visited, households(world, region))}",
            f"监测户 {monitored(world, region)} 户，本周农户自报 {figures.self_reports} 件",
        ]
    )


def households(world: World, region: str) -> int:
    """Households of the roster in a region."""
    return sum(len(listed) for village, listed in world.roster.by_village.items() if village.startswith(region))


def monitored(world: World, region: str) -> int:
    """Households that are monitored."""
    counted = world.roster.kinds.items()
    return sum(count for (village, kind), count in counted if kind in MONITORED and village.startswith(region))


def _clues(figures: OverviewFigures) -> str:
    open_ones = sum(figures.clues.values())
    if not open_ones:
        return "线索：没有未办结的，已清零"
    return f"线索还有 {open_ones} 件：" + _listed({step.label: figures.clues.get(step, 0) for step in Step})


def _problems(figures: OverviewFigures) -> str:
    open_ones = sum(figures.problems.values())
    if not open_ones:
        return "问题：全部销号，已清零"
    states = _listed({state.label: figures.problems.get(state, 0) for state in OPEN})
    return f"问题还有 {open_ones} 个：{states}" + (f"；逾期 {figures.overdue} 个" if figures.overdue else "；没有逾期")


def _listed(counts: Mapping[str, int]) -> str:
    return "、".join(f"{label} {count}" for label, count in counts.items() if count)
