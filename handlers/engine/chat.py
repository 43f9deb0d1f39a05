"""What a conversation sees of the world: ask, confirm, say, push, and the rooms behind them.

The answers in the talk's journal are the only state. To go on, the coroutine runs again from its top; recorded answers
are fed to it and it stops at the first question that has none. Three rules follow for whoever writes one:

- every question has a key that is unique in the conversation;
- what is not the same at each run (a search, the time, chance) comes through `recall`;
- writes come after the last question, or through `once`.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from handlers.engine.attendance import on_duty, passed_on
from handlers.engine.questions.base import Answer, More, Option, Prompt, Question, Stale
from handlers.engine.questions.options import Confirm
from handlers.engine.said import BACK, CANCEL, DONE, LABELS, LATER, SKIP, Said
from handlers.engine.world import World
from handlers.reading import Unreadable
from storage.database.base import to_base36
from storage.mail import outbox
from storage.mail.messages import PUSH, REPLY, Button, Outgoing
from storage.mail.talks import Talk
from storage.people.persons import Person
from storage.store import Store

T = TypeVar("T")
Rows = Sequence[Sequence[Button]]
Guesses = dict[str, dict[str, Any]]
"""What is known of answers before they are asked, by the key of the question: see `whole`, `part` and `LEFT_OUT`."""

_RECALLED, _DONE_ONCE = "?", "!"
_SKIPPED = {"skipped": True}
_SENTENCE_END = re.compile("[\n,.:;!?(，。：；！？（]")


class Waiting(BaseException):
    """The conversation has asked and waits; unwinds the coroutine."""


class Rewound(BaseException):
    """An answer was taken back; the coroutine runs again."""


class PutAside(BaseException):
    """The person said "later"."""


class Cancelled(BaseException):
    """The person wants none of it."""


class Became(BaseException):
    """What the person wants is the business of another conversation."""

    def __init__(self, name: str, args: str, guesses: Guesses, lead: str) -> None:
        self.name = name
        self.behind = args  # `args` is every exception's own
        self.guesses = guesses
        self.lead = lead


def whole(raw: Any) -> dict[str, Any]:
    """A guess that is an answer; it can be changed where it is confirmed."""
    return {"answer": raw}


def part(partial: Any) -> dict[str, Any]:
    """A guess that narrows a question down, such as the households it may be."""
    return {"partial": partial}


LEFT_OUT = {"answer": _SKIPPED}
"""A guess: an optional question need not be put."""


class Chat:
    """One step of one talk."""

    def __init__(
        self, world: World, store: Store, person: Person | None, talk: Talk, said: Said | None, lead: str = "",
        pressed: str | None = None,
    ) -> None:  # fmt: skip
        """`lead` comes before whatever is asked next, such as why it is asked again."""
        self.world = world
        self.store = store
        self._person = person
        self._talk = talk
        self._said = said
        self.pressed = pressed
        """The message whose button gave the command that began this talk in this very step."""
        self._asked: list[tuple[str, Question[Any]]] = []
        self._keys: set[str] = set()
        self._lead = [Outgoing(text=lead)] if lead else []
        self._says: list[Outgoing] = []
        self._behind = 0
        """How many of the questions asked lie before something that was done once."""

    @property
    def person(self) -> Person:
        """Who is talking. Only a conversation open to strangers may find nobody."""
        if self._person is None:
            raise PermissionError("this chat belongs to nobody yet")
        return self._person

    @property
    def stranger(self) -> bool:
        return self._person is None

    @property
    def address(self) -> str:
        return self._talk.address

    @property
    def args(self) -> str:
        """What came behind the command: "8z" of "/verify 8z"."""
        return self._talk.args

    @property
    def now(self) -> datetime:
        return self.store.session.now

    async def ask(self, key: str, question: Question[T]) -> T:
        """The answer to a question that must have one."""
        if question.optional:
            raise ValueError(f"{key} is optional: use ask_optional")
        return await self._answer(key, question)

    async def ask_optional(self, key: str, question: Question[T]) -> T | None:
        """The answer to a question, or None when the person skipped it."""
        self._guess(key, question)
        if self._talk.answers.get(key) == _SKIPPED:
            self._fed(key, question)
            return None
        try:
            return await self._answer(key, question)
        except _Skip:
            return None

    async def _answer(self, key: str, question: Question[T]) -> T:
        answers = self._talk.answers
        self._guess(key, question)
        if key in answers:
            try:
                value = question.restore(answers[key])
            except Stale:
                self._forget(key)
            else:
                self._fed(key, question)
                return value
        return await self._listen(key, question)

    def _guess(self, key: str, question: Question[Any]) -> None:
        """Use what is known of an answer already, once: after a change the question is put as it is."""
        talk = self._talk
        guess = talk.guesses.get(key)
        if not guess or key in talk.answers:
            return
        talk.guesses[key] = {}
        if "partial" in guess:
            talk.asked, talk.partial = key, guess["partial"]
            return
        try:
            if guess != LEFT_OUT:
                question.restore(guess["answer"])
        except Stale:
            return
        talk.answers[key] = guess["answer"]

    def guessed(self, key: str) -> bool:
        """Whether an answer was known before it was asked for, so that the person has not said it here."""
        return key in self._talk.guesses

    def _fed(self, key: str, question: Question[Any]) -> None:
        """Note that a question has its answer; what was said before it has been sent in an earlier run."""
        if key in self._keys:
            raise ValueError(f"two questions of {self._talk.name} have the key {key}")
        self._keys.add(key)
        self._asked.append((key, question))
        self._says.clear()

    async def confirm(self, summary: str, key: str = "confirm") -> bool:
        """Show what was understood; True to go on. Any single answer can be changed from here.

        Answers nobody was asked for are each a button, so that a mistake is seen and put right with one tap.
        """
        return await self.ask(key, Confirm(summary, parts=bool(self._talk.guesses)))

    def become(self, name: str, args: str = "", guesses: Guesses | None = None, lead: str = "") -> NoReturn:
        """End this talk and go on as the conversation `name`, in the same step; `lead` comes before what it says."""
        raise Became(name, args, guesses or {}, lead)

    async def say(self, text: str, buttons: Rows = (), file: str | None = None, file_name: str = "") -> None:
        """Tell the person something, together with what comes next."""
        rows = tuple(tuple(row) for row in buttons)
        self._says.append(Outgoing(text=text, buttons=rows, file=file, file_name=file_name))

    def turn(self, buttons: Rows) -> None:
        """Change the buttons of the message whose button was pressed, to show that it was."""
        if self.pressed:
            self._reply(Outgoing(buttons=tuple(tuple(row) for row in buttons), edits=self.pressed))

    async def recall(self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """The JSON value of `read()`, the same at every run until an answer before it changes."""
        return await self._kept(_RECALLED + key, read)

    async def once(self, key: str, write: Callable[[], Awaitable[T]]) -> T:
        """Do something in the middle of a talk exactly once; nobody can go back behind it."""
        value = await self._kept(_DONE_ONCE + key, write)
        self._behind = len(self._asked)
        return value

    async def push(
        self,
        person_ids: Iterable[int],
        text: str,
        intent: str,
        buttons: Rows = (),
        file: str | None = None,
        personal: bool = False,
    ) -> None:
        """Tell other people at once. The same `intent` reaches a person once.

        For those on leave it goes to who stands in for them, unless it is `personal`: about themselves or their
        family, not their work.
        """
        rows = tuple(tuple(row) for row in buttons)
        meant: dict[int, tuple[int, ...]] = dict.fromkeys(person_ids, ())
        for person_id, absent in (meant if personal else on_duty(self.world, meant, self.now.date())).items():
            address = await self._address(person_id)
            if address and not (absent and address == self.address):  # who stands in has done it, and knows
                outbox.post(
                    self.store.session,
                    address,
                    Outgoing(text=text + passed_on(self.world, absent), buttons=rows, file=file),
                    priority=PUSH,
                    intent=f"{intent}:{person_id}",
                )

    def editable(self) -> list[Option]:
        """The answers given so far, as options for changing one."""
        return [
            (key, f"{question.short or _head(question.prompt)}：{self._told(key, question)}")
            for key, question in self._asked[self._behind :]
        ]

    def reopen(self, key: str) -> NoReturn:
        """Take an answer back and run again, keeping the others."""
        self._forget(key)
        raise Rewound

    def restart(self) -> None:
        """Begin another run from the top."""
        self._asked.clear()
        self._keys.clear()
        self._says.clear()
        self._behind = 0

    def finish(self) -> None:
        """Send what was said last."""
        for message in _merged([*self._lead, *self._says]):
            self._reply(message)

    async def show_again(self, question: Question[Any], note: str | None = None) -> None:
        key = self._talk.asked or ""
        self._say_question(key, question, await question.show(self._talk.partial, self), note)

    async def _listen(self, key: str, question: Question[T]) -> T:
        """Take the message at hand as the answer, or put the question and wait."""
        said, self._said = self._said, None
        talk = self._talk
        if said is None or talk.asked != key:
            if talk.asked != key:
                talk.asked, talk.partial = key, None
            await self.show_again(question)
            raise Waiting
        self._says.clear()  # sent when the question was put
        try:
            self._obey(said, key, question)
            shown = await question.show(talk.partial, self) if said.pressed else None
            # what was given already is not thrown away by a "skip": it means that there is no more
            outcome = await question.read(said if said.pick != SKIP else replace(said, pick=DONE), talk.partial, self)
        except Unreadable as error:
            await self.show_again(question, str(error))
            raise Waiting from None
        if isinstance(outcome, More):
            talk.partial = outcome.partial
            if said.pressed and outcome.note is None:
                prompt = await question.show(talk.partial, self)
                self._reply(replace(self._message(key, question, prompt), edits=said.pressed))
            else:
                await self.show_again(question, outcome.note)
            raise Waiting
        self._take(key, question, outcome)
        if shown is not None:
            self._reply(Outgoing(text=f"{shown.text}\n✓ {question.tell(outcome.raw)}", edits=said.pressed))
        return question.restore(outcome.raw)

    def _obey(self, said: Said, key: str, question: Question[Any]) -> None:
        """The words that work at every question."""
        if said.pick == CANCEL:
            raise Cancelled
        if said.pick == LATER:
            raise PutAside
        if said.pick == BACK:
            if question.in_steps and self._talk.partial:
                self._talk.partial = None
                raise Rewound
            if len(self._asked) <= self._behind:
                raise Unreadable("已经是第一步了。不想继续可以回复：取消")
            self._forget(self._asked[-1][0])
            raise Rewound
        if said.pick == SKIP and not (question.keeps and self._talk.partial):
            if not question.optional:
                raise Unreadable("这一项不能跳过。不想继续可以回复：取消")
            self._take(key, question, Answer(_SKIPPED))
            raise _Skip

    def _take(self, key: str, question: Question[Any], answer: Answer) -> None:
        self._talk.answers[key] = answer.raw
        self._talk.asked = self._talk.partial = None
        self._fed(key, question)

    def _forget(self, key: str) -> None:
        """Drop an answer and whatever was recalled after it."""
        order = list(self._talk.answers)
        later = order[order.index(key) :]
        for name in later:
            if name == key or name.startswith(_RECALLED):
                del self._talk.answers[name]
        self._talk.asked = self._talk.partial = None

    async def _kept(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        if name not in self._talk.answers:
            self._talk.answers[name] = await make()
        value: T = self._talk.answers[name]
        return value

    def _told(self, key: str, question: Question[Any]) -> str:
        raw = self._talk.answers[key]
        return "未填" if raw == _SKIPPED else question.tell(raw)

    async def _address(self, person_id: int) -> str | None:
        official = self.world.directory.person(person_id)
        if official is not None:
            return official.address
        addresses = await self.store.chats.reachable_of(person_id)
        return addresses[0] if addresses else None

    def _say_question(self, key: str, question: Question[Any], prompt: Prompt, note: str | None) -> None:
        message = self._message(key, question, prompt)
        if note:
            message = replace(message, text=note)
        for said in _merged([*self._lead, *self._says, message]):
            self._reply(said)
        self._says.clear()

    def _message(self, key: str, question: Question[Any], prompt: Prompt) -> Outgoing:
        control = [SKIP] if question.optional and not (question.keeps and self._talk.partial) else []
        can_go_back = len(self._asked) > self._behind or (question.in_steps and self._talk.partial)
        control += [BACK] if can_go_back else []
        control += question.controls
        rows = [*prompt.rows, [(value, LABELS[value]) for value in control]]
        prefix = f"{to_base36(self._talk.id)}:{mark_of(key)}:"
        buttons = tuple(tuple(Button(label=label, says=prefix + value) for value, label in row) for row in rows)
        return Outgoing(text=prompt.text, buttons=buttons, wants=prompt.wants)

    def _reply(self, message: Outgoing) -> None:
        outbox.post(self.store.session, self._talk.address, message, priority=REPLY)


class _Skip(BaseException):
    """The open question was skipped; caught by `ask_optional`."""


@functools.lru_cache(maxsize=1024)
def mark_of(key: str) -> str:
    """A question's short mark in its buttons, so that the button of another question is recognised."""
    return to_base36(zlib.crc32(key.encode()))


def _head(prompt: str) -> str:
    """The first few words of a question, to name it by."""
    return _SENTENCE_END.split(prompt, maxsplit=1)[0]


def _merged(messages: Sequence[Outgoing]) -> list[Outgoing]:
    """Plain words join the message that follows: one buzz of the phone instead of two."""
    merged: list[Outgoing] = []
    for message in messages:
        last = merged[-1] if merged else None
        if last and last.text and message.text and not last.buttons and not last.file and not message.file:
            merged[-1] = replace(message, text=f"{last.text}\n\n{message.text}")
        else:
            merged.append(message)
    return merged
