"""How a conversation is left before its end: the exceptions that unwind its coroutine."""

from __future__ import annotations

from handlers.engine.journal import Guesses


class Unwind(BaseException):
    """Root of what unwinds a conversation.

    Raised by `Chat`, inside the conversation, when its person has to answer first or wants something else. Caught by the
    front desk (`handlers/engine/desk.py`), which stores the talk accordingly, except for Skipped, which `Chat.ask_optional`
    catches. No conversation catches any of them: they are no Exception, so that `except Exception` lets them pass.

    `PutOff` of `storage.database.transaction` and `SteppedAside` are none of these: they pass through all of this, and the
    worker catches them and runs the whole step again later.
    """


class Waiting(Unwind):
    """The question has been put; the person's next message is its answer."""


class Rewound(Unwind):
    """An answer was taken back."""


class Skipped(Unwind):
    """The optional question that is open was skipped."""


class PutAside(Unwind):
    """The person said "later"."""


class Cancelled(Unwind):
    """The person wants none of it."""


class NotYours(Unwind):
    """What the command names does not exist, or is not this person's business; the text says so."""


class Became(Unwind):
    """What the person wants is the business of another conversation, `name`, begun with `arguments`."""

    def __init__(self, name: str, arguments: str, guesses: Guesses, lead: str) -> None:
        self.name = name
        self.arguments = arguments
        self.guesses = guesses
        self.lead = lead
