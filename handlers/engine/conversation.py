"""What a conversation is, and the list of them all."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import handlers
from storage.people.persons import Person, Role

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

Play = Callable[["Chat"], Awaitable[None]]

EVERYBODY = frozenset(Role)
STRANGERS: frozenset[Role] = frozenset()
"""Open also to a chat that belongs to nobody yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`name` is its command, `title` its Chinese name, `words` what else starts it, `menu` its place in the menu.

    `hears` is the key of its first question, if that takes the very message which started it, as a file does.
    """

    name: str
    title: str
    play: Play
    roles: frozenset[Role]
    words: tuple[str, ...]
    menu: int
    hears: str = ""

    def open_to(self, person: Person | None) -> bool:
        return self.roles is STRANGERS or (person is not None and person.has(*self.roles))


_known: dict[str, Conversation] = {}


def conversation(
    name: str,
    title: str,
    *,
    for_roles: frozenset[Role] | set[Role] = EVERYBODY,
    words: tuple[str, ...] = (),
    menu: int = 0,
    hears: str = "",
) -> Callable[[Play], Play]:
    """Register a coroutine as the conversation `/name`. `menu` > 0 shows it in the command menu, in that order."""

    def register(play: Play) -> Play:
        if name in _known and _known[name].play.__module__ != play.__module__:
            raise ValueError(f"two conversations are named {name}")
        roles = for_roles if for_roles is STRANGERS else frozenset(for_roles)
        _known[name] = Conversation(name, title, play, roles, (title, *words), menu, hears)
        return play

    return register


@functools.cache
def conversations() -> dict[str, Conversation]:
    """All conversations by name, in the order of the menu: those of the subjects that `handlers` lists."""
    for subject in handlers.SUBJECTS:
        package = import_module(f"handlers.{subject}")
        for name in package.CONVERSATIONS:
            import_module(f"handlers.{subject}.{name}")
    return dict(sorted(_known.items(), key=lambda item: (item[1].menu == 0, item[1].menu, item[0])))


def menu_for(person: Person | None) -> list[Conversation]:
    """What to offer somebody, in the order of the menu."""
    return [talk for talk in conversations().values() if talk.menu and talk.open_to(person)]


def further_for(person: Person) -> list[Conversation]:
    """What else somebody can start by a word, beside what the menu offers."""
    return [talk for talk in conversations().values() if not talk.menu and len(talk.words) > 1 and talk.open_to(person)]
