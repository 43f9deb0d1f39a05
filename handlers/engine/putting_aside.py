"""What is said to somebody whose talk was put aside without their asking for it."""

from __future__ import annotations

from handlers.engine.conversation import conversation_named
from storage.database.base import to_base36
from storage.mail.messages import Button, Outgoing
from storage.mail.talks import ActiveTalk

SORRY = "对不起，刚才这条消息我没能处理好，已记下并报给镇里。"
APOLOGY = f"{SORRY}之前填的都在，请再发一次，或回复：稍后"
UNREADABLE = "对不起，您刚才发的一条消息没有存好，我看不到，请再发一次。"


def title_of(name: str) -> str:
    known = conversation_named(name)
    return known.title if known else name


def apology(put_aside: ActiveTalk | None) -> Outgoing:
    """For a message that could not be worked on; `put_aside` is the talk it was said in, where that is a draft now."""
    if put_aside is None:
        return Outgoing(text=APOLOGY)
    again = Button(label="继续", says=f"/resume {to_base36(put_aside.id)}")
    text = f"{SORRY}「{title_of(put_aside.name)}」先放着，已答的都留着。办别的事不受影响。"
    return Outgoing(text=text, buttons=((again,),))


def lost(name: str) -> Outgoing:
    """For a talk that can't be read any more."""
    text = f"「{title_of(name)}」没办完的这一件打不开了，已告诉管理员。您别的事都在。\n要重新办，请发「菜单」。"
    known = conversation_named(name)
    again = ((Button(label="重新办", says=f"/{known.name}"),),) if known and known.menu else ()
    return Outgoing(text=text, buttons=again)
