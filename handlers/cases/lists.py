"""Lists of cases: those that wait for this person, and verified ones that were never nominated (应纳未纳)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from handlers.cases.common import clue_button, home_in_words
from handlers.cases.procedure import NOT_NOMINATED, decision_due, is_left_out, steps_of
from handlers.cases.table import Party
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.wording.days import deadline_in_words
from handlers.wording.paging import PAGE, page_named, page_of
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.mail.messages import Button
from storage.people.persons import Role

_MOST = 500
_OFFICES = (Role.VILLAGE, Role.TOWN, Role.COUNTY)


@conversation("cases", "办件", for_roles=set(_OFFICES), words=("我的办件", "轮到我的"))
async def cases(chat: Chat) -> None:
    """Args: a step and a page, both optional: "verify 2"."""
    name, _, page = chat.args.partition(" ")
    mine = [clue for role in _OFFICES for clue in await _cases_at(chat, role, steps_of(Party(role.value)))]
    if not mine:
        await chat.say("没有轮到您办的事。")
        return
    counts = Counter(clue.step for clue in mine)
    wanted = [clue for clue in mine if clue.step == name] or mine
    by_step = "、".join(f"{step.label} {counts[step]}" for step in Step if counts[step])
    head = f"轮到您办的 {len(mine)} 件：{by_step}。"
    lines = [(clue.due_on or date.max, clue, clue.step.label) for clue in wanted]
    rows = _page(chat, lines, f"/cases {wanted[0].step.value if wanted is not mine else 'all'}", page)
    filters = [Button(label=f"{step.label} {counts[step]}", says=f"/cases {step.value}") for step in Step if counts[step]]
    if len(mine) > PAGE and wanted is mine and len(filters) > 1:
        rows += [filters[at : at + 3] for at in range(0, len(filters), 3)]
    await chat.say(f"{head}\n按期限排：", rows)


@conversation("unregistered", "应纳未纳", for_roles=set(_OFFICES), words=("应纳未纳名单",))
async def unregistered(chat: Chat) -> None:
    """Args: a page."""
    clocks, today = chat.world.plan.clocks, chat.now.date()
    found = {clue.id: clue for role in _OFFICES for clue in await _cases_at(chat, role, NOT_NOMINATED)}
    left_out = [clue for clue in found.values() if is_left_out(clue, today, clocks)]
    if not left_out:
        await chat.say("没有应纳未纳的。核查属实的都在期限内往下办。")
        return
    over = sum(decision_due(clue.begun_on, clocks) < today for clue in left_out)
    lines = [(decision_due(clue.begun_on, clocks), clue, clue.step.label) for clue in left_out]
    await chat.say(
        f"核查属实、还没提名的 {len(left_out)} 件，其中 {over} 件逾期。请催办：", _page(chat, lines, "/unregistered", chat.args)
    )


async def _cases_at(chat: Chat, role: Role, steps: Sequence[Step]) -> list[Clue]:
    """The cases at these steps within the person's posts as `role`."""
    regions = {post.region for post in chat.person.posts_as(role)}
    return [clue for region in sorted(regions) for clue in await chat.store.clues.standing_at(steps, region, most=_MOST)]


def _page(chat: Chat, lines: list[tuple[date, Clue, str]], command: str, page: str) -> list[list[Button]]:
    """A page of cases as buttons, the most pressing first, with the buttons to other pages."""
    lines.sort(key=lambda one: (one[0], one[1].number))
    shown, turn = page_of(lines, page_named(page), command=command)
    today = chat.now.date()
    rows = [[clue_button(clue, _label(chat, clue, due, step, today))] for due, clue, step in shown]
    return [*rows, *turn]


def _label(chat: Chat, clue: Clue, due: date, step: str, today: date) -> str:
    when = "" if due == date.max else f" {deadline_in_words(due, today)}"
    return f"{clue.number}号 {home_in_words(chat, clue)} {step}{when}"
