"""Strangers: chats that belong to nobody yet. They may talk to the conversation that lets people in, so much a day, and send
no files.

What they have said is counted in memory, in each process for itself: a restart forgives the day so far. Whoever is known is
never counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from storage.database.connection import Database
from storage.mail.chats import is_known

NO_FILES = "先加入，才能发照片和语音。\n农户请扫村里张贴的二维码，或找村干部当面加。"
ENOUGH = "今天说得够多了，请明天再来。\n着急就找村干部，当面就能办。"

_MOST_COUNTED = 50_000
"""Chats and sources counted at once; the one that has been counted longest is then forgotten."""

_BELIEVED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Share:
    """What may come in a day: messages, and bytes of their words."""

    messages: int
    size: int


CHAT = Share(60, 20_000)
"""Three times what it takes to join with every mistake there is."""

SOURCE = Share(3_000, 600_000)
"""All strangers behind one address of the net: a village may share its provider's."""


@dataclass(eq=False)
class Strangers:
    """Tells strangers from those who are known, and counts what they send."""

    database: Database
    clock: Callable[[], datetime]
    chat: Share = CHAT
    source: Share = SOURCE
    _day: date = field(default=date.min, init=False)
    _taken: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    _refused: set[str] = field(default_factory=set, init=False)
    _known: dict[str, datetime] = field(default_factory=dict, init=False)

    async def knows(self, address: str) -> bool:
        """Whether the chat belongs to somebody."""
        async with self.database.read() as conn:
            return await is_known(conn, address)

    async def may_say(self, address: str, size: int, source: str = "") -> bool:
        """Count a message of `size` bytes; False when it is a stranger's and more than the day's share.

        Who was known a minute ago is taken to be still.
        """
        now = self.clock()
        if self._known.get(address, now) > now:
            return True
        if await self.knows(address):
            self._remember(address, now + _BELIEVED)
            return True
        if self._day != now.date():
            self._day = now.date()
            self._taken.clear()
            self._refused.clear()
        shares = [(f"chat {address}", self.chat)] + ([(f"source {source}", self.source)] if source else [])
        if not all(self._fits(key, size, share) for key, share in shares):
            return False
        for key, _ in shares:
            messages, taken = self._taken.pop(key, (0, 0))
            self._taken[key] = (messages + 1, taken + size)
        while len(self._taken) > _MOST_COUNTED:
            del self._taken[next(iter(self._taken))]
        return True

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

    def _fits(self, key: str, size: int, share: Share) -> bool:
        messages, taken = self._taken.get(key, (0, 0))
        return messages < share.messages and taken + size <= share.size
