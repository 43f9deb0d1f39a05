"""Those who wanted to join a household and could not prove it: one list for the town, however many knock."""

from __future__ import annotations

from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.notify import tell_chat
from handlers.engine.questions import Choice
from handlers.rights.sight import may_admit
from handlers.wording.days import moment_in_words
from handlers.wording.paging import PAGE
from handlers.wording.people import region_in_words
from storage.database.base import to_base36
from storage.joining.admissions import Admission
from storage.people.persons import Role

NOT_FOUND = "镇里没对上您是哪一家。请带身份证找村干部，当面就能办。"
_NOBODY = "nobody"


@conversation("knocks", "没对上号的", for_roles={Role.TOWN}, words=("申请加入",))
async def knocks(chat: Chat) -> None:
    asking = await chat.recall("asking", lambda: _asking(chat))
    if not asking:
        await chat.say("没有人等着加入。")
        return
    more = f"，先列 {PAGE} 人" if len(asking) > PAGE else ""
    options = [*((one["key"], one["name"]) for one in asking[:PAGE]), (_NOBODY, f"都不认识（{len(asking)} 人）")]
    lines = [one["line"] for one in asking[:PAGE]]
    prompt = "\n".join([f"{len(asking)} 人想加入，没对上号{more}。点一个去核实：", *lines])
    answer = await chat.ask("which", Choice(prompt, options))
    if answer != _NOBODY:
        chat.become("admit", answer)
    if not await chat.confirm(f"这 {len(asking)} 人都不让加入，告诉他们找村干部当面办。"):
        await chat.say("没有处理，申请还在。")
        return
    for one in asking:
        asked = await chat.store.admissions.get(chat.row_id(one["key"]))
        if asked is not None and asked.accepted is None:
            await turn_away(chat, asked)
    await chat.say("好了，都告诉他们找村干部了。")


async def turn_away(chat: Chat, asked: Admission) -> None:
    """Say no to somebody who could not prove themselves, and where they can."""
    await chat.store.admissions.decide(asked.id, accepted=False, person_id=chat.person.id)
    tell_chat(chat.store, asked.address, NOT_FOUND)


async def _asking(chat: Chat) -> list[dict[str, Any]]:
    found = await chat.store.admissions.knocking(*(post.region for post in chat.person.posts_as(Role.TOWN)))
    return [
        {
            "key": to_base36(one.id),
            "name": one.name,
            "line": f"{region_in_words(chat.world.plan, one.region)} {one.name}，{moment_in_words(one.asked_at)}",
        }
        for one in found
        if may_admit(chat.person, one.region)
    ]
