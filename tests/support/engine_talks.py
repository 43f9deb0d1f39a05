"""Small conversations for tests of the engine and of delivery, on stage only while a test needs them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from handlers.engine import conversation as listed
from handlers.engine.chat import Chat
from handlers.engine.conversation import EVERYBODY, Play, conversation, conversations
from handlers.engine.questions import Choice, Number, Text
from storage.people.persons import Role


@contextlib.contextmanager
def on_stage(
    name: str, play: Play, title: str = "试一试", roles: frozenset[Role] | set[Role] = EVERYBODY, hears: str = ""
) -> Iterator[None]:
    """Make `play` the conversation `/name`, in place of one that is on stage already."""
    conversations()  # all of them are listed by now, so that none comes in the place of this one
    before = listed._known.pop(name, None)
    conversation(name, title, for_roles=roles, hears=hears)(play)
    conversations.cache_clear()
    try:
        yield
    finally:
        del listed._known[name]
        if before is not None:
            listed._known[name] = before
        conversations.cache_clear()


async def form(chat: Chat) -> None:
    """Three answers, and what was made of them."""
    name = await chat.ask("name", Text("姓名？"))
    age = await chat.ask("age", Number("年龄？", unit="岁"))
    place = await chat.ask("place", Choice("住哪？", [("east", "东屯"), ("west", "西屯")]))
    if await chat.confirm(f"{name} {age} {place}"):
        await chat.say(f"存了：{name} {age} {place}")


class Breaking:
    """`form`, but it raises what `errors` holds when the age has been given; None in it is no error."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)

    async def __call__(self, chat: Chat) -> None:
        name = await chat.ask("name", Text("姓名？"))
        age = await chat.ask("age", Number("年龄？", unit="岁"))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        await chat.say(f"存了：{name} {age}")
