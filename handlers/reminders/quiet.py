"""Quiet times 免打扰： a later morning, only the morning's message, or nothing more today. Answers come all the same."""

from __future__ import annotations

from datetime import time

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.rights.sight import IN_OFFICE
from storage.mail.quiet import Quiet

_LATER = time(8, 30)
_OFF, _ONCE, _LATE, _USUAL = "off", "once", "late", "usual"


@conversation("quiet", "免打扰", for_roles=IN_OFFICE, words=("安静", "别打扰", "今天别发了"))
async def quiet(chat: Chat) -> None:
    """One tap; choosing the same again takes it back."""
    had = Quiet.model_validate(await chat.recall("had", lambda: _had(chat)))
    today = chat.now.date()
    options = [(_OFF, "今天别再发"), (_ONCE, "平时只收早上一条"), (_LATE, f"早上 {_LATER:%H:%M} 再发")]
    if had.opens or had.morning_only or had.off_on == today:
        options.append((_USUAL, "恢复平常"))
    chosen = await chat.ask("how", Choice(f"{_now(chat, had)}\n您想怎么收？您发来的话，我照样马上回。", options))
    wanted = {
        _OFF: had.model_copy(update={"off_on": today}),
        _ONCE: had.model_copy(update={"morning_only": True}),
        _LATE: had.model_copy(update={"opens": _LATER}),
        _USUAL: Quiet(address=chat.address),
    }[chosen]
    await chat.store.quiet_times.choose(wanted)
    await chat.say(f"好的。{_now(chat, wanted)}")


async def _had(chat: Chat) -> dict[str, object]:
    return (await chat.store.quiet_times.of(chat.address)).model_dump(mode="json")


def _now(chat: Chat, quiet: Quiet) -> str:
    """The present setting in one sentence."""
    parts = ["今天不再给您发消息"] if quiet.off_on == chat.now.date() else []
    opens = max(quiet.opens or time(), chat.world.plan.reminders.opens)
    parts.append(f"工作日早上 {opens:%H:%M} 一条" + ("，别的消息攒到早上一起发" if quiet.morning_only else "，急事随时说"))
    return "，".join(parts) + "。"
