"""The menu as buttons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from handlers.engine.conversation import Conversation, menu_for
from storage.mail.messages import Button
from storage.people.persons import Person

_ACROSS = 2


def menu_buttons(person: Person) -> Sequence[Sequence[Button]]:
    """Everything in the person's menu but the help that shows it."""
    return buttons_to_start(talk for talk in menu_for(person) if talk.name != "help")


def buttons_to_start(talks: Iterable[Conversation]) -> Sequence[Sequence[Button]]:
    """A button for each, two in a row."""
    buttons = [Button(label=talk.title, says=f"/{talk.name}") for talk in talks]
    return [buttons[start : start + _ACROSS] for start in range(0, len(buttons), _ACROSS)]
