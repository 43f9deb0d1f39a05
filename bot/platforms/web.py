"""The phone page as a platform: what is sent goes into the page's own transcript, and open pages are told to look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakValueDictionary

from bot.delivery.strangers import Strangers
from bot.platforms.base import Platform, Put, Refused
from bot.service.clock import Clock
from storage.database.connection import Database
from storage.database.reading import noting
from storage.files.media import MediaStore
from storage.mail import transcripts
from storage.mail.messages import Incoming, Outgoing
from storage.mail.outbox import Letter
from storage.mail.transcripts import TranscriptLine

log = logging.getLogger(__name__)

BEAT = 15.0
"""Seconds after which an idle page hears that the line still stands, and looks for what another process has sent."""


MayRead = Callable[[], Awaitable[bool]]


PAGES_AT_ONCE = 5
"""Streams of one chat: a phone or two, and what a browser has forgotten to close."""


class Heading(NamedTuple):
    """What stands at the top of somebody's page, such as "白塔村 村干部" (empty for nobody known), and whether they hold
    an office: whoever does not gets the page of a household, with large letters and a microphone."""

    title: str = ""
    in_office: bool = False


@dataclass(frozen=True, slots=True)
class DemoPage:
    """The page with several phones: the address of each by its label, and what is said below them."""

    phones: Mapping[str, str]
    note: str


class NotReady(Exception):
    """The bot is starting or stopping and can't take messages now."""


async def no_heading(_: str) -> Heading:
    """Where nobody is known."""
    return Heading()


class TooManyPages(Exception):
    """A page has to make room for another one of its chat."""


@dataclass(eq=False)
class _Page:
    """One open page: whether there may be something to show, and whether it has to make room."""

    news: asyncio.Event = field(default_factory=asyncio.Event)
    superseded: bool = False


@dataclass(eq=False)
class WebPlatform(Platform):
    """Mail of the addresses "web:...". The HTTP side is `bot.web.app`.

    `max_upload` is in bytes; `heading` tells what stands over the page of an address.
    """

    name = "web"

    database: Database
    media: MediaStore
    clock: Clock
    max_upload: int = 10 * 1024 * 1024
    heading: Callable[[str], Awaitable[Heading]] = no_heading
    demo: DemoPage | None = None
    strangers: Strangers = field(init=False)
    _put: Put | None = field(default=None, init=False)
    _closing: bool = field(default=False, init=False)
    _open_pages: dict[str, list[_Page]] = field(default_factory=dict, init=False)
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)

    def __post_init__(self) -> None:
        self.strangers = Strangers(self.database, self.clock)

    async def receive(self, put: Put) -> None:
        """Take what the pages send, until cancelled; before and after, pages keep their messages and try again."""
        self._put = put
        try:
            await asyncio.Event().wait()
        finally:
            self._put = None

    async def send(self, letter: Letter) -> str | None:
        """Show a message; returns the number of the line, or of the line it changed. A repeated letter shows once."""
        if letter.message.edits is not None and not letter.message.edits.isdecimal():
            raise Refused(f"no line of a page: {letter.message.edits!r}")
        async with self._turn(letter.address):
            seq = await self._append(letter.address, f"out:{letter.id}", letter.message, mine=False)
        self._notify(letter.address)
        return letter.message.edits or str(seq)

    async def take(self, message: Incoming, shown: Outgoing | None) -> None:
        """Store what a person sent, then show it in their own chat as `shown` (None: not at all).

        Raises NotReady, or what the database raises; then the page must send it again, under the same key.
        """
        if self._put is None:
            raise NotReady
        async with self._turn(message.address):  # an answer may not overtake what it answers
            await self._put([message])
            if shown is not None:
                await self._append(message.address, f"in:{message.key}", shown, mine=True)
        self._notify(message.address)

    async def lines(
        self, address: str, after: int, may_read: MayRead, *, most: int = PAGES_AT_ONCE
    ) -> AsyncIterator[TranscriptLine | None]:
        """Everything behind line `after` (0: the recent ones), then what comes; None is "all read" or a heartbeat.

        It ends when `may_read` says no, which is asked before anything is shown. Raises TooManyPages where the chat is open
        in more than `most` and this one is the oldest.
        """
        page = self._open(address, most)
        try:
            while not self._closing:
                if page.superseded:
                    raise TooManyPages
                page.news.clear()
                found = await self._read(address, after)
                if not await may_read():
                    return
                for line in found:
                    after = line.seq
                    yield line
                if not found:
                    yield None
                    await _wait(page.news)
        finally:
            self._open_pages[address].remove(page)
            if not self._open_pages[address]:
                del self._open_pages[address]

    def _open(self, address: str, most: int) -> _Page:
        pages = self._open_pages.setdefault(address, [])
        page = _Page()
        pages.append(page)
        lasting = [one for one in pages if not one.superseded]
        if len(lasting) > most:
            log.warning("a chat is open in more than %s pages: the oldest is closed", most)
            lasting[0].superseded = True
            lasting[0].news.set()
        return page

    def make_room(self, address: str) -> None:
        """Close the pages of a chat; they call again, in no hurry."""
        for page in self._open_pages.get(address, ()):
            page.superseded = True
            page.news.set()

    def close_streams(self) -> None:
        """End all streams, so that the server can stop; the pages will call again."""
        self._closing = True
        for address in self._open_pages:
            self._notify(address)

    async def _read(self, address: str, after: int) -> list[TranscriptLine]:
        vault = self.database.vault
        async with noting(self.database, self.clock()) as damage, self.database.read() as conn:
            if after:
                return await transcripts.since(conn, vault, address, after, damage)
            return await transcripts.recent(conn, vault, address, damage)

    async def _append(self, address: str, origin: str, shown: Outgoing, *, mine: bool) -> int:
        async with self.database.write() as conn:
            vault = self.database.vault
            return await transcripts.append(conn, vault, address, origin, shown, self.clock(), mine=mine)

    def _turn(self, address: str) -> asyncio.Lock:
        return self._turns.setdefault(address, asyncio.Lock())

    def _notify(self, address: str) -> None:
        for page in self._open_pages.get(address, ()):
            page.news.set()


async def _wait(news: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(news.wait(), BEAT)
    except TimeoutError:
        return
