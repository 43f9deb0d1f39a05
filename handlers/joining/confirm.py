"""What follows when somebody who knows the family says whether a phone is its own."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.notify import tell_chat
from handlers.wording.households import household_in_words
from storage.cases.steps import Step
from storage.database.base import to_base36
from storage.joining.newcomers import Newcomer
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role

_LOOK = [Button(label="看我家的事", says="/my")]


def home_of(chat: Chat, newcomer: Newcomer) -> str:
    """ "白塔村一屯张三家"; its village's name where the roster has the household no longer."""
    household = chat.world.roster.by_id.get(newcomer.household_id or 0)
    return household_in_words(chat.world.plan, household) if household else chat.world.plan.village(newcomer.region).name


async def confirm(chat: Chat, newcomer: Newcomer) -> None:
    """The phone is the family's: it is told, with the button for what has waited for it."""
    await chat.store.newcomers.confirm(newcomer, chat.person.id)
    waiting = await chat.store.clues.open_of(newcomer.household_id or 0)
    agrees = [
        [Button(label="看看同意什么", says=f"/authorize {to_base36(clue.id)}")]
        for clue in waiting
        if clue.step is Step.AUTHORIZE
    ]
    await chat.push(
        [newcomer.person_id],
        "村干部确认过您是这家人了，现在能看您家的事办到哪一步。",
        Intent(Cause.CONFIRMED, f"{newcomer.id}"),
        buttons=[*agrees, _LOOK],
        personal=True,
    )


async def put_out(chat: Chat, newcomer: Newcomer) -> None:
    """The phone is not the family's: it is out at once, and the town is told. What it reported stays, marked as doubtful."""
    reported = len(await chat.store.clues.followed_by(newcomer.person_id))
    for address in await chat.store.newcomers.disown(newcomer):
        tell_chat(chat.store, address, "这部手机没有对上是哪一家，已经退出。\n是这家人的话，请找村干部当面加。")
    left = f"它报过的 {reported} 件还在，都注明了。" if reported else ""
    await chat.push(
        chat.world.directory.ids(Role.TOWN, newcomer.region),
        f"{home_of(chat, newcomer)}：{chat.person.name}说，{newcomer.name}加入的手机不是这家人的，已经退出。{left}",
        Intent(Cause.DISOWNED, f"{newcomer.id}"),
    )
