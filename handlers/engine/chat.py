"""What a conversation talks through: ask, confirm, say, push; its person, the world and the store.

The answers in the talk's journal are the only state. To go on, the coroutine runs again from its top; recorded answers
are fed to it and it stops at the first question that has none. Three rules follow for whoever writes one:

- every question has a key that is unique in the conversation;
- what is not the same at each run (a search, the time, chance) comes through `recall`;
- writes come after the last question, or through `once`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar, cast

from handlers.engine.asides import Aside
from handlers.engine.form import merged, question_message, short_name
from handlers.engine.journal import SKIPPED, Guesses, Journal
from handlers.engine.looking import note_looks
from handlers.engine.notify import notify
from handlers.engine.questions.base import Answer, More, Option, Question, Stale
from handlers.engine.questions.options import Confirm
from handlers.engine.said import BACK, CANCEL, DONE, LATER, SKIP, Said
from handlers.engine.unwind import Became, Cancelled, NotYours, PutAside, Rewound, Skipped, Waiting
from handlers.engine.words import NOT_YOURS
from handlers.engine.world import World
from handlers.reading import Unreadable
from storage.database.base import SHANGHAI, from_base36
from storage.looks import Way
from storage.mail import outbox
from storage.mail.intents import Intent
from storage.mail.messages import REPLY, Button, Outgoing
from storage.mail.talks import Talk
from storage.people.persons import Person
from storage.store import Store

T = TypeVar("T")
Rows = Sequence[Sequence[Button]]


class Chat:
    """One step of one talk."""

    def __init__(
        self, world: World, store: Store, person: Person | None, talk: Talk, said: Said | None, *, lead: str = "",
        pressed: str | None = None,
    ) -> None:  # fmt: skip
        """`lead` comes before whatever is asked next, such as why it is asked again."""
        self.world = world
        self.store = store
        self._person = person
        self._talk = talk
        self._journal = Journal(talk)
        self._said = said
        self._written_at = said.at if said else None
        self.pressed = pressed
        """The message whose button gave the command that began this talk in this very step."""
        self.left = False
        """Whether this chat has just become nobody's: what the talk interrupted is not returned to."""
        self._lead = [Outgoing(text=lead)] if lead else []
        self._says: list[Outgoing] = []

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
        """The words after the command: "8z" in "/verify 8z"."""
        return self._talk.args

    @property
    def now(self) -> datetime:
        return self.store.session.now

    @property
    def written_on(self) -> date:
        """The day in Shanghai on which the message at hand was written: 明天 is the day after it, whenever it is worked on."""
        return (self._written_at or self.now).astimezone(SHANGHAI).date()

    async def name_of(self, person_id: int | None) -> str:
        """How to call somebody: 您 for the person talking, a name, or 同事 for somebody no longer known."""
        if person_id == self.person.id:
            return "您"
        person = await self.store.people.get(person_id) if person_id else None
        return person.name if person else "同事"

    async def ask(self, key: str, question: Question[T]) -> T:
        """The answer to a question that must have one."""
        if question.optional:
            raise ValueError(f"{key} is optional: use ask_optional")
        return await self._answer(key, question)

    async def ask_optional(self, key: str, question: Question[T]) -> T | None:
        """The answer to a question, or None when the person skipped it."""
        try:
            return await self._answer(key, question)
        except Skipped:
            return None

    async def _answer(self, key: str, question: Question[T]) -> T:
        """Raises Skipped where the answer is that there is none."""
        self._journal.guess(key, question)
        answers = self._talk.answers
        if key in answers:
            skipped = question.optional and answers[key] == SKIPPED
            try:
                value = None if skipped else question.restore(answers[key])
            except Stale:
                self._journal.forget(key)
            else:
                self._journal.passed(key, question)
                self._says.clear()  # sent in an earlier run
                if skipped:
                    raise Skipped
                return cast(T, value)
        return await self._listen(key, question)

    def guessed(self, key: str) -> bool:
        """Whether an answer was guessed from an earlier message instead of being given here."""
        return key in self._talk.guesses

    async def confirm(self, summary: str, key: str = "confirm") -> bool:
        """Show the answers and ask to go on; returns whether to. Any single answer can be changed from here.

        Answers nobody was asked for are each a button, so that a mistake is seen and put right with one tap.
        """
        return await self.ask(key, Confirm(summary, parts=bool(self._talk.guesses)))

    def become(self, name: str, args: str = "", *, guesses: Guesses | None = None, lead: str = "") -> NoReturn:
        """End this talk and go on as the conversation `name`, in the same step; `lead` comes before what it says."""
        raise Became(name, args, guesses or {}, lead)

    async def say(
        self, text: str, buttons: Rows = (), *, file: str | None = None, file_name: str = "", links: Sequence[str] = ()
    ) -> None:
        """Tell the person something, together with what comes next; `links` are those in the text that can be tapped."""
        self._says.append(Outgoing(text=text, buttons=_rows(buttons), file=file, file_name=file_name, links=tuple(links)))

    def refuse(self, text: str = NOT_YOURS) -> NoReturn:
        """End this talk with NOT_YOURS, alike for what does not exist and for what is not this person's; another `text` is for
        who sees the thing anyway."""
        raise NotYours(text)

    def row_id(self, said: str) -> int:
        """The row id that a command names. Refuses what can be none."""
        try:
            return from_base36(said)
        except ValueError:
            self.refuse()

    def turn(self, buttons: Rows) -> None:
        """Change the buttons of the message whose button was pressed, to show that it was."""
        if self.pressed:
            self._reply(Outgoing(buttons=_rows(buttons), edits=self.pressed))

    async def recall(self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """The JSON value of `read()`, the same at every run until an answer before it changes."""
        return await self._journal.recall(key, read)

    async def once(self, key: str, write: Callable[[], Awaitable[T]]) -> T:
        """Do something in the middle of a talk exactly once; nobody can go back behind it."""
        return await self._journal.once(key, write)

    async def aside(self, key: tuple[Any, ...], make: Callable[[], Awaitable[T]], *, told: Callable[[], str]) -> T:
        """The result of `make()`, or what it raises: work that takes long, done outside this step, where others go on.

        It must not use the store, and is done once for equal keys; `told()` is said to the person when it takes a moment.
        """
        return cast(T, self.world.asides.result(Aside(key, make, told)))

    async def push(
        self,
        person_ids: Iterable[int],
        text: str,
        intent: Intent,
        *,
        buttons: Rows = (),
        file: str | None = None,
        personal: bool = False,
        about: Sequence[int | None] = (),
    ) -> None:
        """Tell people other than who is talking, at once; see `notify`."""
        message = Outgoing(text=text, buttons=_rows(buttons), file=file)
        by = self._person.id if self._person else None
        await notify(
            self.store,
            self.world,
            messages=dict.fromkeys(person_ids, message),
            intent=intent,
            personal=personal,
            by=by,
            about=about,
        )

    def looked(self, *household_ids: int | None) -> None:
        """Note that the person is shown what is kept about these households, which these can see in /me. However often on a
        day, it is one row; one's own household leaves none."""
        if self._person is not None:
            note_looks(self.store, self.world, self._person, household_ids, way=Way.SEEN)

    def took(self, *household_ids: int | None) -> None:
        """As `looked`, of what goes into a file that the person gets."""
        if self._person is not None:
            note_looks(self.store, self.world, self._person, household_ids, way=Way.FILE)

    def editable(self) -> list[Option]:
        """The answers given so far, as options for changing one."""
        return [
            (key, f"{short_name(question)}：{self._journal.in_words(key, question)}")
            for key, question in self._journal.changeable().items()
        ]

    def reopen(self, key: str) -> NoReturn:
        """Take an answer back and run again, keeping the others."""
        self._journal.forget(key)
        raise Rewound

    def restart(self) -> None:
        """Begin another run from the top."""
        self._journal.begin()
        self._says.clear()

    def finish(self) -> None:
        """Send what was said last."""
        for message in merged([*self._lead, *self._says]):
            self._reply(message)

    async def _listen(self, key: str, question: Question[T]) -> T:
        """Take the message at hand as the answer, or put the question and wait."""
        said, self._said = self._said, None
        talk = self._talk
        if said is None or talk.asked != key:
            if talk.asked != key:
                talk.asked, talk.partial = key, None
            await self._put(key, question)
            raise Waiting
        self._says.clear()  # sent when the question was put
        try:
            self._obey(said, key, question)
            shown = await question.show(talk.partial, self) if said.pressed else None
            # what was given already is not thrown away by a "skip": it means that there is no more
            outcome = await question.read(said if said.pick != SKIP else replace(said, pick=DONE), talk.partial, self)
        except Unreadable as error:
            await self._put(key, question, note=str(error))
            raise Waiting from None
        if isinstance(outcome, More):
            talk.partial = outcome.partial
            if said.pressed and outcome.note is None:
                self._reply(replace(await self._message(key, question), edits=said.pressed))
            else:
                await self._put(key, question, note=outcome.note)
            raise Waiting
        self._journal.take(key, question, outcome)
        if shown is not None:
            self._reply(Outgoing(text=f"{shown.text}\n✓ {question.in_words(outcome.raw)}", edits=said.pressed))
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
            if self._journal.last is None:
                raise Unreadable("已经是第一步了。不想继续可以回复：取消")
            self.reopen(self._journal.last)
        if said.pick == SKIP and not (question.keeps and self._talk.partial):
            if not question.optional:
                raise Unreadable("这一项不能跳过。不想继续可以回复：取消")
            self._journal.take(key, question, Answer(SKIPPED))
            raise Skipped

    async def _put(self, key: str, question: Question[Any], note: str | None = None) -> None:
        """Put the question, or say `note` above its options."""
        message = await self._message(key, question)
        if note:
            message = replace(message, text=note)
        for said in merged([*self._lead, *self._says, message]):
            self._reply(said)
        self._says.clear()

    async def _message(self, key: str, question: Question[Any]) -> Outgoing:
        partial = self._talk.partial
        controls = [SKIP] if question.optional and not (question.keeps and partial) else []
        if self._journal.last is not None or (question.in_steps and partial):
            controls.append(BACK)
        prompt = await question.show(partial, self)
        return question_message(prompt, self._talk.id, key, [*controls, *question.controls])

    def _reply(self, message: Outgoing) -> None:
        outbox.post(self.store.session, self._talk.address, message, priority=REPLY)


def _rows(buttons: Rows) -> tuple[tuple[Button, ...], ...]:
    return tuple([tuple(row) for row in buttons])
