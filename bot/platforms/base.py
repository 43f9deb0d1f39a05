"""What a platform is: it receives messages for the intake, and sends one message at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from bot.platforms.standing import Standing
from storage.mail.messages import Incoming
from storage.mail.outbox import Letter

Put = Callable[[Sequence[Incoming]], Awaitable[None]]
"""Stores messages durably; only when it returns, or raises Unstorable, may a platform acknowledge them."""


class Unstorable(Exception):
    """Messages that no later try will store; the others of the same call are stored."""

    def __init__(self, messages: Sequence[Incoming]) -> None:
        super().__init__(f"{len(messages)} messages can't be stored")
        self.messages = messages


class SendError(Exception):
    """A send that did not succeed; the subclasses say what follows from it."""


class Busy(SendError):
    """Nothing was sent; try again after `seconds`."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class Away(Busy):
    """The platform itself can't be used now. That says nothing against the message, so it counts as no attempt."""


class Unsure(SendError):
    """The platform did not answer: the message may have arrived or not."""


class Blocked(SendError):
    """The person has blocked the bot or is gone; nothing will arrive at this address."""


class Refused(SendError):
    """The platform will never take this message."""


class Platform(Protocol):
    """One way to reach people. Its addresses begin with `name` and a colon.

    `rate` is how many messages a second it takes at most; 0 where that does not matter. `join_url` is the address that
    opens an invitation for its `{token}`, where the platform alone can tell; empty until it has been told.
    """

    name: str

    @property
    def rate(self) -> float:
        return 0.0

    @property
    def join_url(self) -> str:
        return ""

    @property
    def standing(self) -> Standing | None:
        """How it stands to us; None where there is nobody to reach."""
        return None

    async def receive(self, put: Put) -> None:
        """Bring messages in until cancelled."""

    async def send(self, letter: Letter) -> str | None:
        """Deliver one message; returns the platform's id of it. Raises SendError."""
