"""A small town for tests: a real database, the real worker and sender, a platform that records, a clock that is set.

`restart()` throws away everything that lives in memory, as a crash would.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.delivery.caches import Caches
from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Worker
from bot.platforms.base import Platform, Put
from handlers.engine.jobs import Transactions
from handlers.engine.world import PlatformInfo, World
from handlers.reminders import job as remind
from handlers.reminders import phases_job as phases
from storage.database.base import SHANGHAI, new_id
from storage.database.keys import Keys
from storage.database.reading import Damage
from storage.database.sealing import Vault
from storage.database.transaction import Transaction, transaction
from storage.files import media
from storage.files.media import MediaStore
from storage.mail.chats import chats
from storage.mail.messages import Incoming, Outgoing, Place, SentFile
from storage.mail.outbox import Letter
from storage.mail.silence import MOST_IDLE, pass_night
from storage.people.persons import Role
from storage.roster import Household, household_row, households, load_roster, member_row, members
from storage.store import Store
from tests.support.databases import opened
from tests.support.plan import BAITA, COUNTY, PLAN, TOWN, WAFANG

START = datetime(2022, 10, 12, 9, 0, tzinfo=SHANGHAI)
"""A working Wednesday, the first morning of the plan's rectification phase."""

_ENDLESS = 3600.0

VAULT = Vault(Keys.of(bytes(range(32))))

PEOPLE = (
    ("李村", Role.VILLAGE, BAITA, None),
    ("赵村", Role.VILLAGE, BAITA, None),
    ("孙村", Role.VILLAGE, WAFANG, None),
    ("周镇", Role.TOWN, TOWN, None),
    ("吴镇", Role.TOWN, TOWN, None),
    ("郑市", Role.COUNTY, COUNTY, None),
    ("王建", Role.UNIT, TOWN, "乡建办"),
    ("冯水", Role.UNIT, TOWN, "水管所"),
    ("陈医", Role.UNIT, TOWN, "卫生院"),
)
"""Name, role, region, unit (by its Chinese name in the plan)."""

ROSTER = (
    (1001, BAITA, "一屯", "张三", "脱贫户"),
    (1002, BAITA, "二屯", "张桂兰", "一般户"),
    (1003, BAITA, "二屯", "曾国强", "脱贫户"),
    (1004, BAITA, "一屯", "刘伟", "一般户"),
    (1005, BAITA, "三屯", "刘伟", "边缘易致贫户"),
    (2001, WAFANG, "一屯", "张三", "一般户"),
    (2002, WAFANG, "一屯", "马六", "脱贫户"),
)


PLATFORMS = {
    "test": PlatformInfo("test"),
    "web": PlatformInfo("手机网页", "https://cunbao.example/join/{token}"),
    "telegram": PlatformInfo("Telegram", "https://t.me/cunbao_bot?start={token}"),
}


class Recorder(Platform):
    """A platform that keeps what it was given to send. `fails` lists what the next sends raise instead."""

    name = "test"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Outgoing]] = []
        self.fails: list[Exception] = []

    async def receive(self, put: Put) -> None:
        """Tests put messages themselves."""

    async def send(self, letter: Letter) -> str:
        if self.fails:
            raise self.fails.pop(0)
        self.sent.append((letter.address, letter.message))
        return str(len(self.sent))


class Town:
    """Drives conversations as people would, by name. `people` maps names to ids."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self.now = START
        self.people: dict[str, int] = {}
        self.platform = Recorder()
        self.inboxes: dict[str, list[Outgoing]] = defaultdict(list)
        self._seen: dict[str, int] = {}
        self.messages = 0
        """How many were put; the number is part of a message's key."""
        self._read = 0
        self._start()

    def _start(self) -> None:
        self.database = opened(self._url, VAULT)
        if self.database.is_sqlite:
            sa.event.listen(self.database.engine.sync_engine, "connect", _unflushed)
        self.world = World(PLAN, MediaStore(self._folder / "media", VAULT), platforms=dict(PLATFORMS))
        self.caches = Caches(self.world)
        self.transactions = Transactions(self.database, self.clock)
        self.sender = Sender(self.database, [self.platform], self.clock, "test")
        self.worker = Worker(self.database, self.world, ["test"], self.clock, lambda _: self.sender.wake(), patience=_ENDLESS)
        self.intake = Intake(self.database, self.clock, self.worker.wake)

    def clock(self) -> datetime:
        return self.now

    async def restart(self) -> None:
        """A new process: nothing is left but the database and the media folder."""
        await self.database.close()
        self._start()

    async def close(self) -> None:
        await self.database.close()

    async def settle(self) -> None:
        """Work until there is nothing to work on, and send what is due."""
        while await self.worker.work() or await self.worker.settled():
            pass
        await self.sender.drain()
        for address, message in self.platform.sent[self._read :]:
            self.inboxes[address.removeprefix("test:")].append(message)
        self._read = len(self.platform.sent)

    async def tick(self) -> int:
        """What the clock runs by itself, then whatever it leaves to send; returns how many reminders were claimed."""
        async with self.transaction() as tx:
            await self.caches.refresh(tx.conn)
            await phases.keep(tx, self.world)
        async with self.transaction() as tx:
            fired = await remind.fire(tx, self.world)
        await self.settle()
        return fired

    async def found(self) -> None:
        """Fill the database: people in office with a chat each, and the roster."""
        async with self.transaction() as tx, tx.session("test", "found") as session:
            store = Store(session)
            for name, role, region, unit in PEOPLE:
                self.people[name] = store.people.add(name)
                code = unit and next(u.code for u in self.world.plan.units if unit in (u.code, u.name) or unit in u.name)
                store.people.appoint(self.people[name], role, region=region, unit=code)
            for number, village, group, head, kind in ROSTER:
                key = new_id()
                row = {"number": number, "village": village, "group_name": group, "head": head, "kind": kind}
                session.add(households, household_row(key, row))
                id_number, phone = f"2208811970010{number}X", f"1380000{number}"
                session.add(
                    members,
                    member_row(VAULT, new_id(), household_id=key, name=head, relation="户主", id_number=id_number, phone=phone),
                )
            session.touch("roster")
        for name in self.people:
            await self.bind(name)

    async def bind(self, name: str) -> None:
        """Give a person the chat of their name."""
        await self._known(name)
        async with self.transaction() as tx, tx.session("test", "bind") as session:
            await Store(session).chats.bind(f"test:{name}", self.people[name])

    async def join_household(self, name: str, number: int, *, confirmed: bool = True) -> None:
        """Let a person speak for a household of the roster; not `confirmed`, as whoever has let themselves in."""
        household = await self.household(number)
        async with self.transaction() as tx, tx.session("test", "join") as session:
            store = Store(session)
            self.people[name] = store.people.add(name)
            store.people.appoint(
                self.people[name], Role.HOUSEHOLD, region=household.village, household_id=household.id,
                confirmed_by=self.people["李村"] if confirmed else None,
            )  # fmt: skip
        await self.bind(name)

    async def fall_silent(self, name: str) -> None:
        """As a page that nobody has opened for longer than it keeps its session."""
        async with self.transaction() as tx, tx.session("test", "silence") as session:
            idle = chats.update().where(chats.c.address == f"test:{name}").values(idle=MOST_IDLE)
            await session.change(idle)
            await pass_night(session, "test")

    async def household(self, number: int) -> Household:
        async with self.database.read() as conn:
            return next(one for one in (await load_roster(conn, Damage())).by_id.values() if one.number == number)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return transaction(self.database, self.now)

    async def say(self, name: str, text: str = "", **more: Any) -> list[str]:
        """One message by hand; returns what this person got for it, each message as a transcript shows it."""
        return await self._put(name, Incoming(address=f"test:{name}", key=self._key(), text=text, **{"at": self.now, **more}))

    async def press(self, name: str, label: str) -> list[str]:
        """Press the newest button whose label is, or ends with, `label`."""
        for place in reversed(range(len(self.inboxes[name]))):
            for button in (button for row in self.inboxes[name][place].buttons for button in row):
                if button.label == label or button.label.split(" ", 1)[-1] == label:
                    return await self.press_data(name, button.says, str(place + 1))
        raise AssertionError(f"{name} sees no button {label}: {[shown(m) for m in self.inboxes[name][-2:]]}")

    async def press_data(self, name: str, says: str, pressed: str = "1") -> list[str]:
        """Press a button by what it says, which may be old or forged."""
        return await self._put(
            name, Incoming(address=f"test:{name}", key=self._key(), at=self.now, choice=says, pressed=pressed)
        )

    async def send_photo(self, name: str, content: bytes = b"photo") -> list[str]:
        sha256 = await self.keep(content, "image/jpeg")
        return await self.say(name, files=(SentFile(sha256=sha256, kind="photo"),))

    async def send_document(self, name: str, content: bytes, file_name: str) -> list[str]:
        sha256 = await self.keep(content, "application/octet-stream")
        return await self.say(name, files=(SentFile(sha256=sha256, kind="document", name=file_name),))

    async def send_place(self, name: str, latitude: float, longitude: float) -> list[str]:
        return await self.say(name, place=Place(latitude=latitude, longitude=longitude))

    async def keep(self, content: bytes, content_type: str) -> str:
        sha256 = self.world.media.write(content)
        async with self.database.write() as conn:
            await media.register(conn, sha256, size=len(content), content_type=content_type, now=self.now)
        return sha256

    def unread(self, name: str) -> list[str]:
        """What a person has got and the test has not looked at."""
        seen = self._seen.get(name, 0)
        self._seen[name] = len(self.inboxes[name])
        return [shown(message) for message in self.inboxes[name][seen:]]

    async def _put(self, name: str, message: Incoming) -> list[str]:
        await self._known(name)
        self.unread(name)
        await self.intake.put([message])
        await self.settle()
        return self.unread(name)

    async def _known(self, name: str) -> None:
        """A chat exists from its first message; a bound one from before."""
        async with self.database.write() as conn:
            found = await conn.execute(chats.select().where(chats.c.address == f"test:{name}"))
            if found.one_or_none() is None:
                row = {"address": f"test:{name}", "platform": "test", "last_seen": self.now}
                await conn.execute(chats.insert(), row)

    def _key(self) -> str:
        self.messages += 1
        return f"test:{self.messages}"


def _unflushed(connection: Any, _: object) -> None:
    """No test that lives in the town pulls the plug; those of durability open a database of their own."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def shown(message: Outgoing) -> str:
    """A message on one line of a transcript: line breaks as " / ", rows of buttons in brackets, files by name."""
    text = (message.text or "").replace("\n\n", "\n").replace("\n", " / ")
    buttons = " ".join("".join(f"[{button.label}]" for button in row) for row in message.buttons)
    parts = [("✎ " if message.edits else "") + text, buttons, f"📎{message.file_name or '照片'}" if message.file else ""]
    return " ".join(part for part in parts if part).strip()
