"""Small conversations for tests of the engine and of delivery, known only while a test needs them."""

from __future__ import annotations

from collections.abc import Set
from contextlib import AbstractContextManager
from unittest import mock

from handlers.engine.chat import Chat
from handlers.engine.conversation import EVERYBODY, Play, conversation, conversations
from handlers.engine.questions import Choice, Number, Text
from storage.people.persons import Role


def known_as(
    name: str,
    play: Play,
    *,
    title: str = "试一试",
    roles: Set[Role] = EVERYBODY,
    first_question: str = "",
    was: tuple[str, ...] = (),
) -> AbstractContextManager[object]:
    """For a while `play` is the conversation `/name`, in place of one of that name."""
    made = conversation(name, title, for_roles=frozenset(roles), first_question=first_question, was=was)(play)
    return mock.patch.dict(conversations(), {name: made})


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
