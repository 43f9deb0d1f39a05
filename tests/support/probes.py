"""Many chats of many people, each asked one thing, worked on in few batches: for tests of who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from handlers.engine import words
from storage.database.base import new_id
from storage.mail.chats import chats
from storage.mail.messages import Incoming
from storage.people.persons import Role
from storage.roster import household_row, households
from storage.store import Store
from tests.support.plan import BAITA, COUNTY, TOWN, WAFANG
from tests.support.town import Town, shown

CAST: dict[str, tuple[Role, str, str | None] | None] = {
    "stranger": None,
    "household": (Role.HOUSEHOLD, BAITA, None),
    "unconfirmed": (Role.HOUSEHOLD, BAITA, None),
    "other household": (Role.HOUSEHOLD, BAITA, None),
    "village": (Role.VILLAGE, BAITA, None),
    "other village": (Role.VILLAGE, WAFANG, None),
    "unit": (Role.UNIT, TOWN, "housing"),
    "other unit": (Role.UNIT, TOWN, "water"),
    "unit elsewhere": (Role.UNIT, WAFANG, "housing"),
    "town": (Role.TOWN, TOWN, None),
    "other town": (Role.TOWN, "220881101", None),
    "county": (Role.COUNTY, COUNTY, None),
    "other county": (Role.COUNTY, "220882", None),
    "suspended": (Role.VILLAGE, BAITA, None),
    "signed out": (Role.VILLAGE, BAITA, None),
}
"""Who there is, seen from one household of one village and the housing office; `unconfirmed` says to be of that one. Somebody
has said of the cadre who is `suspended` that it is not them; the phone of the one `signed out` is nobody's any more."""

JOIN = words.JOIN.replace("\n", " / ")
"""As `Probes` shows it."""

OUT = {"suspended": words.STOPPED, "signed out": JOIN}
"""Those of the cast whose phones do nothing, and what they hear."""

HOME, OTHER_HOME = 1003, 1002
SECRETS = ("曾国强", "墙裂了不外传", "屋顶漏雨不外传")
"""What nobody but those in charge may ever read: a name, a clue's words and a problem's."""


@dataclass(slots=True)
class Probes:
    """`ask` collects; `run` puts everything into the inbox at once and gathers the answers."""

    town: Town
    _waiting: list[Incoming] = field(default_factory=list)
    _asked: dict[str, str] = field(default_factory=dict)

    def ask(self, who: str, what: str, button: bool = False) -> str:
        """One message in a chat of its own; returns the key its answer is found by."""
        key = f"probe{len(self._asked)}"
        self._asked[key] = who
        message = Incoming(address=f"test:{key}", key=key, at=self.town.now, text=what)
        if button:
            message = message.model_copy(update={"text": None, "choice": what, "pressed": "1"})
        self._waiting.append(message)
        return key

    async def run(self) -> dict[str, tuple[str, ...]]:
        """What came back in each chat, by key."""
        earlier = self.town.now - timedelta(days=1)  # so that news goes to the chat a person has had all along
        rows = [
            {"address": one.address, "platform": "test", "last_seen": earlier, **self._whose(self._asked[one.key])}
            for one in self._waiting
        ]
        async with self.town.database.write() as conn:
            await conn.execute(chats.insert(), rows)
        await self.town.intake.put(self._waiting)
        await self.town.settle()
        keys = [one.key for one in self._waiting]
        self._waiting.clear()
        return {key: tuple(shown(message) for message in self.town.inboxes.get(key, ())) for key in keys}

    def _whose(self, who: str) -> dict[str, int | None]:
        """Of the columns of a chat: whose it is, or was."""
        person = self.town.people.get(who)
        return {"person_id": None if who in OUT else person, "stopped_id": person if who == "suspended" else None}


async def enter(town: Town) -> dict[str, int]:
    """Put the cast in office, each with a chat of their own; returns the ids of the two households."""
    homes = {}
    async with town.transaction() as tx, tx.session("test", "cast") as session:
        store = Store(session)
        for number, head in ((HOME, "曾国强"), (OTHER_HOME, "张桂兰")):
            homes[head] = new_id()
            row = {"number": number, "village": BAITA, "group_name": "二屯", "head": head, "kind": "脱贫户"}
            session.add(households, household_row(homes[head], row))
        witness = store.people.add("证人")
        for who, post in CAST.items():
            if post is not None:
                role, region, unit = post
                ours = ("household", "unconfirmed")
                home = homes["曾国强"] if who in ours else homes["张桂兰"] if who == "other household" else None
                town.people[who] = store.people.add(who)
                known = witness if home and who != "unconfirmed" else None
                store.people.appoint(town.people[who], role, region=region, unit=unit, household_id=home, confirmed_by=known)
        session.touch("roster")
    for who in town.people:
        await town.bind(who)
    async with town.transaction() as tx, tx.session("test", "out") as session:
        people, phones = Store(session).people, Store(session).chats
        stopped = await people.get(town.people["suspended"])
        await people.suspend([post.id for post in stopped.posts] if stopped else [], town.people["town"])
        await phones.stop("test:suspended", town.people["suspended"])
        await phones.sign_out("test:signed out")
    return homes
