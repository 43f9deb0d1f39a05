"""What a conversation is, and the registry of them all."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
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
class Takes:
    """Which files begin a conversation when they come outside a talk; empty means any.

    A file has one of the `endings` and one of the `words` in its name. Of several conversations that take a file, the one
    that asks for more gets it: words before endings, endings before nothing.
    """

    endings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def fits(self, file_name: str) -> bool:
        name = file_name.lower()
        return (not self.endings or name.endswith(self.endings)) and (
            not self.words or any(word in name for word in self.words)
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A coroutine that talks with a person, and what is known of it before it begins; made by `@conversation`."""

    name: str
    """Its command, without the slash."""
    title: str
    play: Play
    roles: frozenset[Role]
    """Who may have it."""
    words: tuple[str, ...]
    """What starts it when it is all of a message; the title is one of them."""
    menu: int
    """Its place in the menu; 0 for none."""
    first_question: str
    """The key of its first question if the message that starts it is also the answer, as a file is; else empty."""
    takes: Takes | None
    personal: bool
    """Whether an open one stays with its person when a post is handed over."""
    intent: str
    """The intent of a sentence (`handlers.sentences.understanding.Intent`) that becomes this conversation."""
    intent_label: str
    """What to call it where a sentence could mean several."""
    was: tuple[str, ...]
    """Its names before: talks, buttons and audit rows of running towns may still hold them."""

    def open_to(self, person: Person | None) -> bool:
        return self.roles is STRANGERS or (person is not None and person.has(*self.roles))


def conversation(
    name: str,
    title: str,
    *,
    for_roles: frozenset[Role] | set[Role] = EVERYBODY,
    words: tuple[str, ...] = (),
    menu: int = 0,
    first_question: str = "",
    takes: Takes | None = None,
    personal: bool = False,
    intent: str = "",
    intent_label: str = "",
    was: tuple[str, ...] = (),
) -> Callable[[Play], Conversation]:
    """Make a coroutine the conversation `/name`. It is found when its module is in its subject's `CONVERSATIONS`."""

    def made(play: Play) -> Conversation:
        return Conversation(
            name=name,
            title=title,
            play=play,
            roles=for_roles if for_roles is STRANGERS else frozenset(for_roles),
            words=(title, *words),
            menu=menu,
            first_question=first_question,
            takes=takes,
            personal=personal,
            intent=intent,
            intent_label=intent_label or title,
            was=was,
        )

    return made


@functools.cache
def conversations() -> dict[str, Conversation]:
    """All conversations by name, in the order of the menu: those of the subjects that `handlers` lists."""
    return by_name(
        one
        for subject in handlers.SUBJECTS
        for module in import_module(f"handlers.{subject}").CONVERSATIONS
        for one in vars(import_module(f"handlers.{subject}.{module}")).values()
        if isinstance(one, Conversation)
    )


def by_name(found: Iterable[Conversation]) -> dict[str, Conversation]:
    """The conversations in the order of the menu. Raises ValueError when two have, or had, the same name."""
    ordered = sorted(found, key=lambda one: (one.menu == 0, one.menu, one.name))
    names = Counter(name for one in ordered for name in (one.name, *one.was))
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"two conversations are named {', '.join(twice)}")
    return {one.name: one for one in ordered}


def conversation_named(name: str) -> Conversation | None:
    """The conversation that has this name, or had it before."""
    known = conversations()
    return known.get(name) or next((one for one in known.values() if name in one.was), None)


def conversation_for_file(file_name: str) -> Conversation | None:
    """The conversation that a file begins when nobody has asked for it."""
    fitting = [(one.takes, one) for one in conversations().values() if one.takes and one.takes.fits(file_name)]
    best = max(fitting, key=lambda pair: (bool(pair[0].words), bool(pair[0].endings)), default=None)
    return best and best[1]


def menu_for(person: Person | None) -> list[Conversation]:
    """What to offer somebody, in the order of the menu."""
    return [talk for talk in conversations().values() if talk.menu and talk.open_to(person)]


def further_for(person: Person) -> list[Conversation]:
    """What else somebody can start by a word, beside what the menu offers."""
    return [talk for talk in conversations().values() if not talk.menu and len(talk.words) > 1 and talk.open_to(person)]
