"""借东西: a village borrows something from the town's office. An example to copy; `borrow.txt` is how it goes on a phone.

A talk keeps the person's answers and nothing else. With every message the coroutine runs again from its top, is fed the
answers so far, and stops at the first question that has none. Three rules follow, marked below where they are kept:

1. each question has a key of its own;
2. what is not the same at each run (the time, chance, a search) comes through `chat.recall`;
3. writes come after the last question, or through `chat.once`.

Back, cancel, later, skip, changing one answer, and going on after a restart need no line here.

Run as a program this file is `cunbao chat` with one conversation more. To try it, after `make install`:

    .venv/bin/cunbao demo-data
    CUNBAO_DATA_DIR=data/demo .venv/bin/python docs/examples/borrow.py chat --as 李文海

and send 借东西. An unknown name lists those of the demo town. `tests/project/test_examples.py` plays the transcript.
"""

from __future__ import annotations

from datetime import date

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation, conversations
from handlers.engine.questions import Choice, Day, Text
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role

THINGS = (("projector", "投影仪"), ("drone", "无人机"), ("pump", "抽水泵"))


@conversation("borrow", "借东西", for_roles={Role.VILLAGE}, words=("借设备",))
async def borrow(chat: Chat) -> None:
    """Ask what, until when and what for; number the loan; tell the town's office."""
    # Rule 1: "thing" is the key of this answer. Keys are stored in open talks, so do not rename one later.
    thing = await chat.ask("thing", Choice("借什么？", THINGS))

    # Rule 2: `chat.now` is another moment at each run, and the person may answer tomorrow. This keeps the first one.
    asked_on = await chat.recall("asked_on", lambda: today(chat))

    # Rule 3: the number is taken in the middle, since the person is told it; `once` takes it a single time.
    # Whoever has been told it cannot go back behind it.
    number = await chat.once("number", lambda: chat.store.session.next_number("loans"))
    await chat.say(f"给您留着，借条 {number}号。")

    until = await chat.ask("until", Day("哪天还？比如：明天、10月20日", past_ok=False))
    purpose = await chat.ask_optional("purpose", Text("做什么用？没有就跳过。", example="村里开会用", optional=True))

    label = dict(THINGS)[thing]
    loan = f"{number}号：{label}，{in_words(date.fromisoformat(asked_on))}借，{in_words(until)}还"
    if not await chat.confirm(f"{loan}\n{purpose or '没说用途'}"):
        await chat.say("没有借。")
        return

    # Rule 3 again: behind the last question everything may be written. One with a table of its own would call
    # `chat.store` here. All of it is one transaction with the replies: both happen, or neither does.
    village = chat.person.posts_as(Role.VILLAGE)[0].region
    office = chat.world.directory.ids(Role.TOWN, village)
    # An intent reaches a person once. A subject has causes of its own in `Cause`, by which the burden account counts.
    intent = Intent(Cause.NOTICE, f"borrow:{number}")
    await chat.push(office, f"【借用】{chat.person.name}借{label}，{in_words(until)}还。", intent)
    await chat.say("好了，已告诉镇里，来拿就行。")


async def today(chat: Chat) -> str:
    """The day of this run. What is recalled is stored as JSON, so it is text and not a date."""
    return chat.now.date().isoformat()


def in_words(day: date) -> str:
    return f"{day.month}月{day.day}日"


if __name__ == "__main__":
    from bot.cli import main

    conversations()[borrow.name] = borrow  # what the list of a subject does otherwise
    main()
