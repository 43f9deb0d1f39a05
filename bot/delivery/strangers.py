"""Strangers: chats that belong to nobody yet. They may talk to the conversation that lets people in, so much a day, and send
no files.

All strangers behind one address of the net have a share too, but a village may be behind one. Beyond it each chat waits between
its messages, a few seconds first and never longer than a minute, and says no more at a time than it takes to join: whoever is
new gets in, whatever others there do.

What they have said is counted in memory, in each process for itself: a restart forgives the day so far. Whoever is known is
never counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from storage.database.connection import Database
from storage.mail.chats import is_known

NO_FILES = "先加入，才能发照片和语音。\n农户请扫村里张贴的二维码，或找村干部当面加。"
ENOUGH = "今天说得够多了，请明天再来。\n着急就找村干部，当面就能办。"
SLOWER = "现在发消息的人多，请等一会儿再发。"
SHORTER = "现在发消息的人多，一次最多 200 字，请分几条发。"

_MOST_COUNTED = 50_000
"""Chats and sources counted at once; the one that has been counted longest is then forgotten."""

_BELIEVED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Share:
    """What may come in a day: messages, and bytes of their words."""

    messages: int
    size: int

    def used(self, messages: int, size: int) -> float:
        """How much of it these are; 1 is all of it."""
        return max(messages / self.messages, size / self.size)


class Wait(Exception):
    """A message that can't be taken now. The words are for the person; `seconds` until it can be, infinite for not today."""

    def __init__(self, words: str, seconds: float = math.inf) -> None:
        super().__init__(words)
        self.words = words
        self.seconds = seconds


CHAT = Share(60, 20_000)
"""Three times what it takes to join with every mistake there is."""

SOURCE = Share(3_000, 600_000)
"""All strangers behind one address of the net, before they have to wait."""

SHORT = 600
"""Bytes of a message beyond that share; to join takes fewer."""

_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0
"""Seconds between two messages of a chat beyond that share: doubled with each further quarter of it."""


class TooLong(Wait):
    """It can be taken in shorter pieces."""


@dataclass(eq=False)
class Strangers:
    """Tells strangers from those who are known, and counts what they send."""

    database: Database
    clock: Callable[[], datetime]
    chat: Share = CHAT
    source: Share = SOURCE
    _day: date = field(default=date.min, init=False)
    _taken: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    _turns: dict[str, datetime] = field(default_factory=dict, init=False)
    _refused: set[str] = field(default_factory=set, init=False)
    _known: dict[str, datetime] = field(default_factory=dict, init=False)

    async def knows(self, address: str) -> bool:
        """Whether the chat belongs to somebody."""
        async with self.database.read() as conn:
            return await is_known(conn, address)

    async def count(self, address: str, size: int, source: str = "") -> None:
        """Count a message of `size` bytes that is kept. Raises Wait when it is a stranger's who has to.

        `source` is the address of the net, empty where nobody knows it. Who was known a minute ago is taken to be still.
        """
        now = self.clock()
        if self._known.get(address, now) > now:
            return
        if await self.knows(address):
            self._remember(address, now + _BELIEVED)
            return
        if self._day != now.date():
            self._day = now.date()
            self._taken.clear()
            self._refused.clear()
            self._turns.clear()
        chat, behind = f"chat {address}", f"source {source}"
        if self.chat.used(*self._with(chat, size)) > 1:
            raise Wait(ENOUGH)
        if source:
            self._take_turn(address, size, self.source.used(*self._with(behind, size)), now)
        for key in [chat, behind] if source else [chat]:
            counted = self._with(key, size)
            self._taken.pop(key, None)
            self._taken[key] = counted  # counted last, forgotten last
        while len(self._taken) > _MOST_COUNTED:
            del self._taken[next(iter(self._taken))]

    def _take_turn(self, address: str, size: int, used: float, now: datetime) -> None:
        """Beyond the share of its source a chat sends one short message a turn. Raises Wait before it."""
        if used <= 1:
            return
        if size > SHORT:
            raise TooLong(SHORTER)
        wait = timedelta(seconds=min(_FIRST_WAIT * 2 ** min(int(4 * (used - 1)), 9), _LONGEST_WAIT))
        turn = self._turns.pop(address, now + wait)  # one that is promised is kept, however many come meanwhile
        self._turns[address] = turn if turn > now else now + wait
        while len(self._turns) > _MOST_COUNTED:
            del self._turns[next(iter(self._turns))]
        if turn > now:
            raise Wait(SLOWER, (turn - now).total_seconds())

    def first_refusal(self, address: str) -> bool:
        """Whether the chat has not been refused before today; from now on it has."""
        fresh = address not in self._refused
        if len(self._refused) >= _MOST_COUNTED:
            self._refused.clear()
        self._refused.add(address)
        return fresh

    def _remember(self, address: str, until: datetime) -> None:
        if len(self._known) >= _MOST_COUNTED:
            self._known.clear()
        self._known[address] = until

    def _with(self, key: str, size: int) -> tuple[int, int]:
        messages, taken = self._taken.get(key, (0, 0))
        return messages + 1, taken + size
