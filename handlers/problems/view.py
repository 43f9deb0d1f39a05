"""Shows a problem to those it concerns: what, where, deadline, what was done, and what to do now."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.problems.common import buttons_for, own_problem, problem_in_words
from handlers.reading import shortened
from handlers.rights.sight import IN_OFFICE
from handlers.wording.days import deadline_in_words, moment_in_words
from storage.charts.orders import Chart
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.problems.records import Problem, ProblemEntry
from storage.problems.states import Action, ProblemState

_ENTRIES = 5
_MOST_PHOTOS = 5


@conversation("problem", "查看问题", for_roles=IN_OFFICE)
async def problem_view(chat: Chat) -> None:
    """Args: the problem's number or id."""
    problem = await own_problem(chat, chat.args)
    if problem is None:
        chat.refuse()
    entries = await chat.store.problems.entries(problem.id, _ENTRIES)
    photos = [sha256 for entry in entries for sha256 in await chat.store.attachments.of("problem_entry", entry.id)]
    photos += await chat.store.attachments.of("problem", problem.id)
    shown = photos[:_MOST_PHOTOS]
    for place, sha256 in enumerate(shown, 1):
        await chat.say(f"照片 {place}/{len(shown)}", file=sha256)
    await chat.say("\n".join(_problem_lines(chat, problem)))
    history = "\n".join(_entry_line(entry) for entry in reversed(entries)) or "还没有人办理。"
    picture = [Button(label="看进度图", says=f"/map {Chart.GANTT.value} {to_base36(problem.id)}")]
    await chat.say(history, buttons=[*buttons_for(chat, problem), picture])


def _problem_lines(chat: Chat, problem: Problem) -> list[str]:
    plan = chat.world.plan
    item = f" {plan.clause_label(problem.item)}" if problem.item else ""
    who = "、".join(
        [*(plan.unit(unit).name for unit in problem.units), *([problem.responsible] if problem.responsible else [])]
    )
    lines = [f"【{problem_in_words(chat.world, problem)}】{problem.state.label} {problem.percent}%{item}", problem.description]
    if problem.measures:
        lines.append(f"措施：{problem.measures}")
    until = "" if problem.state is ProblemState.CLOSED else f"期限 {deadline_in_words(problem.deadline, chat.now.date())}。"
    lines.append(f"{until}责任：{who or '村里'}")
    lines.append(f"来源：{plan.source(problem.source).label}")
    return lines


def _entry_line(entry: ProblemEntry) -> str:
    at = "，有定位" if entry.place else ""
    percent = f" {entry.percent}%" if entry.action is Action.PROGRESS else ""
    words = f"：{shortened(entry.text, 40)}" if entry.text else ""
    return f"{moment_in_words(entry.at)} {entry.person} {entry.action.label}{percent}{words}{at}"
