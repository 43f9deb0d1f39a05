"""Whether the computer's time is right, as the office says."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.health.clock_job import LABELS, jump_in_words, key_of
from handlers.wording.days import full_day_in_words
from storage.database.clock_marks import Claimed, Word
from storage.people.persons import Role

_DONE = {
    Word.RIGHT: "好的，就按这个时间办。",
    Word.WRONG: "好的，先不按这个时间办。请管理员把电脑的时间调对，调对后不用再告诉我。",
}


@conversation("clock", "电脑时间", for_roles={Role.TOWN}, words=("时间不对", "电脑时间不对"), personal=True)
async def clock(chat: Chat) -> None:
    """Args: the answer and the moment that it is about, as in "right k3x9"; without, it is asked."""
    found = await chat.recall("claimed", lambda: _claimed(chat))
    if found is None:
        await chat.say(f"现在是 {full_day_in_words(chat.now)} {chat.now:%H:%M}。不对的话，请管理员调一下电脑的时间。")
        return
    claimed = Claimed.model_validate(found)
    said, _, about = chat.args.partition(" ")
    if said not in LABELS or about != key_of(claimed):
        said = await chat.ask(
            "right", Choice(jump_in_words(claimed.at), [(word.value, label) for word, label in LABELS.items()])
        )
    word = Word(said)
    heard = await chat.store.clock_marks.answer(claimed, word)
    chat.turn(())
    await chat.say(_DONE[word] if heard else "电脑的时间刚刚又变了。请再发一次：电脑时间")


async def _claimed(chat: Chat) -> dict[str, object] | None:
    claimed = await chat.store.clock_marks.claimed()
    return claimed.model_dump(mode="json") if claimed else None
