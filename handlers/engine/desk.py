"""The front desk: finds the talk that a message belongs to, or begins one, and runs one step of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from handlers.engine.chat import Chat
from handlers.engine.conversation import Conversation, conversation_for_file, conversation_named, conversations
from handlers.engine.form import mark_of
from handlers.engine.journal import Guesses
from handlers.engine.said import Said
from handlers.engine.unwind import Became, Cancelled, NotYours, PutAside, Rewound, Waiting
from handlers.engine.words import ANSWERED, GONE, GROUP, JOIN, NOT_YOURS, STOPPED
from handlers.engine.world import World
from handlers.reading import clean
from handlers.wording.days import moment_in_words
from storage.database.base import from_base36, new_id, to_base36
from storage.mail import outbox
from storage.mail.messages import Button, Incoming, Outgoing
from storage.mail.talks import ACTIVE, DRAFT, SUSPENDED, Talk
from storage.people.persons import Person
from storage.store import Store

MOST_OPEN = 20
"""Talks of one chat that interrupt each other; the oldest of more is put aside."""

MOST_DRAFTS = 40
"""Talks put aside in one chat; of more, the one left alone for longest is dropped. All are read at each message."""

EXPIRES = timedelta(days=3)
"""A talk left alone for so long no longer catches what is said; it waits as a draft."""


@dataclass(slots=True)
class Desk:
    """Works on the messages of one chat, whose open talks are `talks`.

    `changed` and `ended` are what to store afterwards: talks by id, and the ids of those that are over.
    """

    world: World
    person: Person | None
    address: str
    talks: list[Talk]
    stopped: bool = False
    """Whether it is open whose this chat is; until that is settled nothing is done here."""
    changed: dict[int, Talk] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    async def receive(self, store: Store, message: Incoming) -> None:
        """Work on one message; all effects go through `store` and this desk's own lists."""
        text = clean(message.text or "") if message.choice is None else message.choice
        if self.stopped:
            self._reply(store, STOPPED)
            return
        self._shelve(store, message)
        if not message.private:
            self._reply(store, GROUP)
        elif message.trouble and self.person is None and not text:
            self._reply(store, message.trouble)
        elif text.startswith("/") and not self._is_word(text):
            await self._command(store, text, message)
        elif message.choice is not None:
            await self._pressed(store, message)
        elif (talk := self._active()) is not None:
            await self._step(store, talk, Said.of(message))
        else:
            await self._unprompted(store, text, message)

    def _is_word(self, text: str) -> bool:
        return text in ("/back", "/skip", "/later", "/cancel") and any(t.state == ACTIVE for t in self.talks)

    async def _command(self, store: Store, text: str, message: Incoming) -> None:
        name, _, args = text[1:].partition(" ")
        name = name.partition("@")[0]
        if name == "resume":
            await self._resume(store, args)
        elif name == "start" and self.person is not None and not args:
            await self._command(store, "/help", message.model_copy(update={"choice": None}))
        else:
            await self._begin(store, conversation_named(name), args.strip(), pressed=message.pressed)

    async def _begin(
        self,
        store: Store,
        wanted: Conversation | None,
        args: str,
        *,
        heard: Said | None = None,
        guesses: Guesses | None = None,
        lead: str = "",
        pressed: str | None = None,
    ) -> None:
        """`heard` is the answer to the conversation's first question, where the message that started it is one."""
        if wanted is None or not wanted.open_to(self.person):
            self._reply(store, JOIN if self.person is None else NOT_YOURS)
            return
        before = self._active()
        if before is not None:
            if conversation_named(before.name) is wanted and before.args == args:
                await self._step(store, before, None)
                return
            self._set(before, SUSPENDED)
        owner = self.person.id if self.person else None
        talk = Talk(
            new_id(), self.address, owner, wanted.name, store.session.now, args=args,
            asked=wanted.first_question or None if heard else None, guesses={**(guesses or {})},
        )  # fmt: skip
        self.talks = [*self.talks, talk]  # not in place: this step may be run again from where it began
        self._make_room(store)
        await self._step(store, talk, heard, lead=lead, pressed=pressed)

    async def _pressed(self, store: Store, message: Incoming) -> None:
        """A button of a question: its talk and question must still be open."""
        whose, mark, value = [*(message.choice or "").split(":", 2), "", ""][:3]
        try:
            talk_id = from_base36(whose)
        except ValueError:
            talk_id = -1
        talk = next((talk for talk in self.talks if talk.id == talk_id), None)
        if talk is None or talk.asked is None or mark_of(talk.asked) != mark:
            if message.pressed:
                outbox.post(store.session, self.address, Outgoing(edits=message.pressed))
            self._reply(store, JOIN if self.person is None else ANSWERED if talk else GONE)
            return
        self._activate(talk)
        await self._step(store, talk, Said.of(message, pick=value))

    async def _unprompted(self, store: Store, text: str, message: Incoming) -> None:
        """Something said outside a talk: a word that starts one, a file for one, or a sentence to make sense of."""
        if message.trouble and self.person is not None:
            self._reply(store, message.trouble)
            return
        wanted = next((talk for talk in conversations().values() if text in talk.words), None)
        document = next((file for file in message.files if file.kind == "document"), None)
        if document is not None:
            reader = wanted or conversation_for_file(document.name)
            if reader is not None and reader.open_to(self.person):
                await self._begin(store, reader, "", heard=Said.of(message))
                return
        if wanted is not None and wanted.open_to(self.person):
            await self._begin(store, wanted, "")
        elif self.person is None:
            self._reply(store, JOIN)
        else:
            await self._begin(store, conversations()["tell"], "", heard=Said.of(message))

    async def _step(self, store: Store, talk: Talk, said: Said | None, *, lead: str = "", pressed: str | None = None) -> None:
        """Run a talk until it waits again or ends. The talk is changed as a whole or, when this raises, not at all."""
        play = conversation_named(talk.name)
        if play is None or not play.open_to(self.person):
            self._end(talk)
            self._reply(store, NOT_YOURS)
            return
        work = talk.copy()
        chat = Chat(self.world, store, self.person, work, said, lead=lead, pressed=pressed)
        work.touched_at = store.session.now
        try:
            await _play(play, chat)
        except Waiting:
            self._keep(work)
        except PutAside:
            work.state = DRAFT
            self._keep(work)
            self._put_aside(store, work, "「{}」先放着，已答的都留着。")
            await self._return(store)
        except Cancelled:
            self._end(work)
            self._reply(store, f"已取消「{play.title}」，没有提交。")
            await self._return(store)
        except Became as other:
            self._end(work)
            await self._begin(store, conversations()[other.name], other.arguments, guesses=other.guesses, lead=other.lead)
        else:
            chat.finish()
            self._end(work)
            if not chat.left:
                await self._return(store, quietly=not work.answers)

    async def _return(self, store: Store, *, quietly: bool = False) -> None:
        """After a talk has ended, go back to the one it interrupted; `quietly` after a mere look at something."""
        waiting = [talk for talk in self.talks if talk.state == SUSPENDED]
        if waiting:
            talk = waiting[-1]
            self._set(talk, ACTIVE)
            if not quietly:
                await self._step(store, self._current(talk), None, lead=f"接着刚才的「{self._title(talk)}」：")

    async def _resume(self, store: Store, args: str) -> None:
        waiting = [talk for talk in self.talks if talk.state != ACTIVE]
        try:
            wanted = from_base36(args) if args else None
        except ValueError:
            wanted = -1
        chosen = [talk for talk in waiting if talk.id == wanted] if wanted else waiting
        if not chosen:
            self._reply(store, JOIN if self.person is None else "没有放着的事。发「菜单」看能办什么。")
        elif len(chosen) == 1:
            self._activate(chosen[0])
            handed = f"接着办{self._title(chosen[0])}：" if chosen[0].whose else ""
            await self._step(store, self._current(chosen[0]), None, lead=handed)
        else:
            buttons = tuple(
                (Button(label=f"{self._title(t)} {moment_in_words(t.touched_at)}", says=f"/resume {to_base36(t.id)}"),)
                for t in chosen
            )
            self._reply(store, "继续哪一件？", buttons)

    def _shelve(self, store: Store, message: Incoming) -> None:
        """A talk left alone too long becomes a draft, and its owner is told; unless this is a button of its own."""
        talk = self._active()
        if talk is None or (message.choice or "").startswith(f"{to_base36(talk.id)}:"):
            return
        if store.session.now - talk.touched_at > EXPIRES:
            self._set(talk, DRAFT)
            self._put_aside(store, talk, "上次的「{}」没有做完，已替您存好。")

    def _make_room(self, store: Store) -> None:
        """Keep the talks of a chat to a number that a person could know of, and say what became of the oldest."""
        running = [talk for talk in self.talks if talk.state != DRAFT]
        for talk in running[:-MOST_OPEN]:
            self._set(talk, DRAFT)
        if len(running) > MOST_OPEN + 1:
            text = f"没办完的事太多，最早的 {len(running) - MOST_OPEN} 件先放着，已答的都留着。"
            self._reply(store, text, ((Button(label="看放着的事", says="/resume"),),))
        elif len(running) > MOST_OPEN:
            self._put_aside(store, running[0], "没办完的事太多，最早的「{}」先放着，已答的都留着。")
        drafts = [talk for talk in self.talks if talk.state == DRAFT]
        dropped = sorted(drafts, key=lambda talk: talk.touched_at)[:-MOST_DRAFTS]
        for talk in dropped:
            self._end(talk)
        if dropped:
            titles = "、".join(dict.fromkeys(f"「{self._title(talk)}」" for talk in dropped[:3]))
            self._reply(store, f"放着没办的超过 {MOST_DRAFTS} 件，放得最久的 {len(dropped)} 件（{titles}）不再留着了。")

    def _put_aside(self, store: Store, talk: Talk, text: str) -> None:
        again = Button(label="继续", says=f"/resume {to_base36(talk.id)}")
        self._reply(store, text.format(self._title(talk)), ((again,),))

    def _title(self, talk: Talk) -> str:
        known = conversation_named(talk.name)
        title = known.title if known else talk.name
        return f"{title}（{talk.whose}交接）" if talk.whose else title

    def _active(self) -> Talk | None:
        """The talk that catches what is said."""
        return next((talk for talk in self.talks if talk.state == ACTIVE), None)

    def _activate(self, talk: Talk) -> None:
        active = self._active()
        if active is not None and active.id != talk.id:
            self._set(active, SUSPENDED)
        self._set(talk, ACTIVE)

    def _set(self, talk: Talk, state: str) -> None:
        if talk.state != state:
            work = talk.copy()
            work.state = state
            self._keep(work)

    def _current(self, talk: Talk) -> Talk:
        return next(one for one in self.talks if one.id == talk.id)

    def _keep(self, talk: Talk) -> None:
        self.talks = [one for one in self.talks if one.id != talk.id] + [talk]
        self.changed[talk.id] = talk

    def _end(self, talk: Talk) -> None:
        self.talks = [one for one in self.talks if one.id != talk.id]
        self.changed.pop(talk.id, None)
        self.ended.add(talk.id)

    def _reply(self, store: Store, text: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> None:
        outbox.post(store.session, self.address, Outgoing(text=text, buttons=buttons))


async def _play(wanted: Conversation, chat: Chat) -> None:
    while True:
        try:
            return await wanted.play(chat)
        except Rewound:
            chat.restart()
        except NotYours as refused:
            return await chat.say(str(refused))
