"""请假 in four messages: first day, last day, deputy, send. Coming back early takes one tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from handlers.engine.attendance import may_stand_in
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Day
from handlers.engine.questions.base import Answer, More, Stale
from handlers.engine.questions.person import PersonChoice
from handlers.engine.said import Said
from handlers.reading import Unreadable
from handlers.wording.days import day_in_words, span_in_words
from handlers.wording.people import region_in_words
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.leaves import Leave
from storage.people.persons import Person, Role

LONGEST = 180
"""Days; a longer leave is a slip of the thumb, or a handover."""

_NOBODY = "none"
_BACK, _MORE = "back", "more"
_MOST = 7


@dataclass(frozen=True)
class DayWithin(Day):
    """A day from `since` on, within `LONGEST` days of it. `early` and `late` are the refusals."""

    since: date = date.min
    early: str = ""
    late: str = ""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        answer = await super().read(said, partial, chat)
        if isinstance(answer, Answer):
            day = date.fromisoformat(answer.raw)
            if not self._fits(day):
                raise Unreadable(self.early if day < self.since else self.late)
        return answer

    def restore(self, raw: Any) -> date:
        day = super().restore(raw)
        if not self._fits(day):  # an answer before it was changed
            raise Stale
        return day

    def _fits(self, day: date) -> bool:
        return self.since <= day < self.since + timedelta(days=LONGEST)


@conversation("leave", "请假", for_roles={Role.VILLAGE}, words=("我要请假",), personal=True, intent="leave")
async def leave(chat: Chat) -> None:
    """For one's own days; while on leave, it offers to come back early."""
    mine = await chat.store.leaves.of(chat.person.id, chat.now.date())
    if mine and await _offer_return(chat, mine[0]):
        return
    today = chat.now.date()
    late = f"请说今天以后 {LONGEST} 天以内的日子，例如：明天。"
    first = await chat.ask(
        "first", DayWithin("从哪天开始请假？比如：明天、10月20日", past_ok=False, since=today, early=late, late=late)
    )
    early, late = (f"结束的日子不能早于 {day_in_words(first)}，请再说一次。", f"请假最长 {LONGEST} 天。时间更长请镇里办交接。")
    last = await chat.ask("last", DayWithin("请到哪天？那一天也算在内。", past_ok=False, since=first, early=early, late=late))
    if clash := next((one for one in mine if one.meets(first, last)), None):
        await chat.say(f"{_days(clash)}已经请过假了。要改，先发「请假」销假，再重新请。")
        return
    deputies = _deputies(chat, first, last)
    chosen = _NOBODY
    if deputies:
        options = [(str(one.id), one.name) for one in deputies]
        chosen = await chat.ask("deputy", PersonChoice("这几天谁替您？提醒和通知会发给他。", options, [(_NOBODY, "不指定")]))
    deputy = next((one for one in deputies if str(one.id) == chosen), None)
    covered = f"由{deputy.name}代办" if deputy else "没有指定代办人，村里别的同志照办；没人时转给镇里"
    if not await chat.confirm(f"请假：{span_in_words(first, last)}，{covered}。"):
        await chat.say("没有请假。")
        return
    chat.store.leaves.take(chat.person.id, first, last=last, deputy_id=deputy.id if deputy else None)
    mark = f"{chat.person.id}:{chat.store.session.request}"
    place = region_in_words(chat.world.plan, chat.person.posts_as(Role.VILLAGE)[0].region)
    who = f"{deputy.name}代办" if deputy else "没有指定代办人"
    news = f"【请假】{place}{chat.person.name}，{span_in_words(first, last)}，{who}。"
    await chat.push(_town(chat), news, Intent(Cause.LEAVE, mark), personal=True)
    if deputy:
        text = f"{chat.person.name}{span_in_words(first, last)}请假，请您代办。\n这几天发给他的提醒和通知会发给您。"
        await chat.push([deputy.id], text, Intent(Cause.DEPUTY, mark), personal=True)
    await chat.say("好了，已告诉镇里" + (f"和{deputy.name}" if deputy else "") + "。提前回来，再发「请假」。")


async def _offer_return(chat: Chat, taken: Leave) -> bool:
    """Offer to end the present or next leave. Returns False if the person wants another leave."""
    today = chat.now.date()
    prompt = f"您{_days(taken)}请了假。" + ("回来了吗？" if taken.covers(today) else "")
    options = [(_BACK, "销假，我在岗" if taken.covers(today) else "取消这次请假"), (_MORE, "另请别的日子")]
    if await chat.ask("back", Choice(prompt, options)) == _MORE:
        return False
    await chat.store.leaves.end(taken, today)
    mark = f"{taken.id}:{chat.store.session.request}"
    told = [*_town(chat), *([taken.deputy_id] if taken.deputy_id else [])]
    text = f"【销假】{chat.person.name}已销假，从今天起在岗。" if taken.covers(today) else (
        f"【销假】{chat.person.name}取消了{_days(taken)}的请假。"
    )  # fmt: skip
    await chat.push(told, text, Intent(Cause.BACK, mark), personal=True)
    await chat.say("好了，已销假，提醒和通知照常发给您。")
    return True


def _deputies(chat: Chat, first: date, last: date) -> list[Person]:
    """Colleagues who hold what this person holds, can be written to, and are there on these days."""
    absent = {one.person_id for one in chat.world.leaves if one.meets(first, last)}
    return [
        one.person
        for one in chat.world.directory.officials
        if one.address and one.person.id not in absent and may_stand_in(one.person, chat.person)
    ]


def _town(chat: Chat) -> list[int]:
    regions = {post.region for post in chat.person.posts_as(Role.VILLAGE)}
    town = [one for region in sorted(regions) for one in chat.world.directory.ids(Role.TOWN, region)]
    return [one for one in dict.fromkeys(town) if one != chat.person.id]


@conversation("absences", "谁请假了", for_roles={Role.TOWN, Role.COUNTY}, words=("谁请假", "请假情况"), personal=True)
async def absences(chat: Chat) -> None:
    """Args: how many lines to leave out, for the page after."""
    today = chat.now.date()
    lines = sorted(line for one in chat.world.leaves if one.covers(today) and (line := _line(chat, one)))
    if not lines:
        await chat.say("今天没有人请假。")
        return
    first = int(chat.args) if chat.args.isdecimal() and int(chat.args[:6]) < len(lines) else 0
    after = first + _MOST
    more = [[Button(label=f"还有 {len(lines) - after} 人", says=f"/absences {after}")]] if after < len(lines) else ()
    await chat.say("\n".join([f"今天请假 {len(lines)} 人：", *lines[first:after]]), more)


def _line(chat: Chat, one: Leave) -> str | None:
    """A leave in one line; None if this office is not above the person."""
    official = chat.world.directory.person(one.person_id)
    posts = official.person.posts_as(Role.VILLAGE) if official else []
    if official is None or not any(chat.person.covers(post.region, Role.TOWN, Role.COUNTY) for post in posts):
        return None
    deputy = chat.world.directory.person(one.deputy_id or 0)
    place = region_in_words(chat.world.plan, posts[0].region)
    return f"{place} {official.person.name} {_days(one)}，" + (f"{deputy.person.name}代" if deputy else "无人代")


def _days(one: Leave) -> str:
    return span_in_words(one.first_day, one.last_day)
