"""Which household a person of a screening list belongs to, where only the name fits: somebody who knows says so."""

from __future__ import annotations

import functools
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option
from handlers.screening.filing import file_rows, origin
from handlers.screening.rights import may_name_household
from handlers.wording.households import household_in_words
from storage.database.base import from_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.screening.records import RowState, ScreenedRow, ScreeningList, Settled

_AT_ONCE = 10
"""Persons asked about in one go."""
_YES, _NO = "yes", "no"


@conversation("samehome", "认一认是哪一户", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("认户", "去认户"))
async def same_home(chat: Chat) -> None:
    """Args: a list's id, or nothing for all lists."""
    passed: list[int] = []
    settled = 0
    for turn in range(1, _AT_ONCE + 1):
        shown = await chat.recall(f"next{turn}", functools.partial(_shown_next, chat, list(passed)))
        if not shown:
            break
        answer = await chat.ask_optional(f"home{turn}", _question(shown))
        passed.append(shown["row"])
        if answer is not None:
            settled += await chat.once(f"done{turn}", functools.partial(_settle, chat, shown, answer))
    rest = await chat.recall("rest", functools.partial(_next, chat, list(passed)))
    told = f"记下了 {settled} 人。" if settled else ""
    if not passed:
        await chat.say("没有要认的人。")
    elif rest:
        again = f"/samehome {chat.args}".strip()
        await chat.say(f"{told}还有 {rest['count']} 人要认。", [[Button(label="接着认", says=again)]])
    else:
        skipped = len(passed) - settled
        await chat.say(f"{told}" + (f"跳过的 {skipped} 人以后再认。" if skipped else "都认完了，谢谢。"))


def _question(shown: dict[str, Any]) -> Choice:
    homes: list[Option] = [(str(key), label) for key, label in shown["homes"]]
    if len(homes) == 1:
        key, label = homes[0]
        return Choice(f"{shown['text']}\n是不是{label}？", [(key, "是"), (_NO, "不是")], optional=True)
    return Choice(f"{shown['text']}\n是哪一户？", [*homes, (_NO, "都不是")], optional=True)


async def _shown_next(chat: Chat, passed: list[int]) -> dict[str, Any]:
    """As `_next`, for showing it: what the list says is noted as seen of each household that it may be of."""
    found = await _next(chat, passed)
    chat.looked(*(int(key) for key, _ in found.get("homes", ())))
    return found


async def _next(chat: Chat, passed: list[int]) -> dict[str, Any]:
    """The next person to ask about and how many there are, as JSON; empty when there is nobody."""
    regions = [post.region for post in chat.person.posts_as(Role.VILLAGE, Role.TOWN)]
    unit = next(((post.region, post.unit) for post in chat.person.posts_as(Role.UNIT) if post.unit), None)
    try:
        wanted = from_base36(chat.args) if chat.args else None
    except ValueError:
        wanted = 0
    found = await chat.store.screening_results.next_to_decide(regions, unit, passed=passed, screening_id=wanted)
    if found is None:
        return {}
    row, count = found
    screening = await chat.store.screening_lists.get(row.screening_id)
    homes = [home for key in row.candidates if (home := chat.world.roster.by_id.get(key)) is not None]
    return {
        "row": row.id,
        "count": count,
        "text": _shown(chat, row, screening),
        "homes": [[str(home.id), household_in_words(chat.world.plan, home, with_number=True)] for home in homes],
    }


def _shown(chat: Chat, row: ScreenedRow, screening: ScreeningList | None) -> str:
    told = row.detail
    marks = [f"身份证 {told['id']}"] if told.get("id") else []
    marks += [f"电话 {told['phone']}"] if told.get("phone") else []
    marks += [f"户主 {told['head']}"] if told.get("head") and told["head"] != row.name else []
    where = f"{chat.world.plan.village(row.village).name}{told.get('group', '')}"
    whose = f"{origin(chat.world, screening)}名单" if screening else "名单"
    lines = [f"{whose}：{row.name}，{where}", "，".join(marks), told.get("reason", "")]
    return "\n".join(line for line in lines if line)


async def _settle(chat: Chat, shown: dict[str, Any], answer: str) -> int:
    """Do as was answered, unless somebody else has; returns how many persons were settled."""
    row = await chat.store.screening_results.row(shown["row"])
    screening = await chat.store.screening_lists.get(row.screening_id) if row else None
    if row is None or screening is None or row.state is not RowState.ASK:
        return 0
    if not may_name_household(chat.person, row, screening):
        return 0
    if answer == _NO:
        await chat.store.screening_lists.settle([Settled(row, RowState.REFUSED, why=f"{chat.person.name}：不是这一户")])
        return 1
    home = row._replace(household_id=int(answer))
    await chat.store.screening_lists.settle(await file_rows(chat.store, chat.world, screening, [home]))
    return 1
