"""The answers of a talk while its conversation runs: fed to it in order, guessed, taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from handlers.engine.questions.base import Answer, Question, Stale
from storage.mail.talks import Guess, Talk

T = TypeVar("T")
Guesses = dict[str, Guess]
"""What is known of answers before they are asked, by the key of the question."""

SKIPPED = {"skipped": True}
"""The recorded answer to an optional question that was skipped."""

LEFT_OUT = Guess(SKIPPED)
"""A guess: an optional question need not be put."""

_RECALLED, _DONE_ONCE = "?", "!"


class Journal:
    """Notes which questions a run has passed, and changes the recorded answers of `talk`."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._passed: dict[str, Question[Any]] = {}
        self._fixed = 0
        """How many of the questions passed lie before something that was done once."""

    def begin(self) -> None:
        """A run begins at the top of the conversation."""
        self._passed.clear()
        self._fixed = 0

    def passed(self, key: str, question: Question[Any]) -> None:
        """Note that a question has its answer. Raises ValueError for the second of one key."""
        if key in self._passed:
            raise ValueError(f"two questions of {self._talk.name} have the key {key}")
        self._passed[key] = question

    def changeable(self) -> dict[str, Question[Any]]:
        """The questions whose answers can still be changed, in order."""
        return dict(list(self._passed.items())[self._fixed :])

    @property
    def last(self) -> str | None:
        """The key of the question that "back" leads to; None at the first."""
        return next(reversed(self._passed)) if len(self._passed) > self._fixed else None

    def guess(self, key: str, question: Question[Any]) -> None:
        """Take a guessed answer, once: after a change the question is asked as it is."""
        talk = self._talk
        guess = talk.guesses.get(key)
        if guess is None or key in talk.answers:
            return
        talk.guesses[key] = None
        if guess.part:
            talk.asked, talk.partial = key, guess.raw
            return
        try:
            if guess != LEFT_OUT:
                question.restore(guess.raw)
        except Stale:
            return
        talk.answers[key] = guess.raw

    def take(self, key: str, question: Question[Any], answer: Answer) -> None:
        """Record the answer to the open question."""
        self._talk.answers[key] = answer.raw
        self._talk.asked = self._talk.partial = None
        self.passed(key, question)

    def forget(self, key: str) -> None:
        """Drop an answer and whatever was recalled after it."""
        order = list(self._talk.answers)
        for name in order[order.index(key) :]:
            if name == key or name.startswith(_RECALLED):
                del self._talk.answers[name]
        self._talk.asked = self._talk.partial = None

    async def recall(self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """The recorded value of `read()`, read now if there is none."""
        return await self._recorded(_RECALLED + key, read)

    async def once(self, key: str, write: Callable[[], Awaitable[T]]) -> T:
        """As `recall`, and no answer before it can be changed any more."""
        value = await self._recorded(_DONE_ONCE + key, write)
        self._fixed = len(self._passed)
        return value

    async def _recorded(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        if name not in self._talk.answers:
            self._talk.answers[name] = await make()
        value: T = self._talk.answers[name]
        return value

    def in_words(self, key: str, question: Question[Any]) -> str:
        """The recorded answer as the person reads it."""
        raw = self._talk.answers[key]
        return "未填" if raw == SKIPPED else question.in_words(raw)
