"""Who a page belongs to: a signed token that names a chat and the number that the chat's sessions have at present."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from bot.service.clock import Clock
from storage.database.base import from_ms, to_ms
from storage.database.connection import Database
from storage.mail.chats import mark_used, page_state

COOKIE = "cunbao"
COOKIE_LASTS = timedelta(days=400)
"""The longest that browsers keep one. When a session is over is decided here and not in the browser."""
_UNUSED = timedelta(days=30)
"""How long a token can be used from whose chat nothing has come yet."""
_NOTED = timedelta(days=1)
"""How exactly it is noted when a page was last open."""


def new_address() -> str:
    """An address nobody can guess, for a phone that comes for the first time."""
    return f"web:{secrets.token_urlsafe(15)}"


@dataclass(frozen=True, slots=True)
class PageSession:
    """A session that holds. `number` is the chat's at present."""

    address: str
    number: int


class Ended(Exception):
    """A token that was good once. `stopped`: until the office has looked. `joins_as` is what the browser joins anew with, where
    its chat did no more than fall silent: by it a phone is known again once somebody has proved themselves."""

    def __init__(self, *, stopped: bool, joins_as: PageSession | None) -> None:
        super().__init__("the session has ended")
        self.stopped = stopped
        self.joins_as = joins_as


class Sessions:
    """Issues and reads session tokens, signed with the vault's `session_secret`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._signer = URLSafeSerializer(database.vault.session_secret, salt="phone page")
        self._database = database
        self._clock = clock

    def issue(self, session: PageSession) -> str:
        return self._signer.dumps([session.address, to_ms(self._clock()), session.number])

    async def current(self, address: str) -> PageSession:
        """The session that a new token of this address would have."""
        async with self._database.read() as conn:
            state = await page_state(conn, address)
        return PageSession(address, state.number if state else 0)

    async def read(self, token: str | None) -> PageSession | None:
        """None for a token that is missing or forged. Raises Ended for one that was signed out or stopped.

        One read by primary key, and once a day a write.
        """
        if not token:
            return None
        try:
            address, issued, *number = self._signer.loads(token)  # the number came later than the token
        except BadSignature:
            return None
        now, session = self._clock(), PageSession(str(address), number[0] if number else 0)
        async with self._database.read() as conn:
            state = await page_state(conn, session.address)
        if state is None:
            return session if now - from_ms(issued) < _UNUSED else None
        if state.stopped or state.number != session.number:
            last = state.silent and state.number == session.number + 1
            raise Ended(stopped=state.stopped, joins_as=PageSession(session.address, state.number) if last else None)
        if state.idle or now - state.used_at > _NOTED:
            async with self._database.write() as conn:
                await mark_used(conn, [session.address], now=now)
        return session

    async def holds(self, session: PageSession) -> bool:
        """Whether a session that was read is good still."""
        async with self._database.read() as conn:
            state = await page_state(conn, session.address)
        return state is None or (not state.stopped and state.number == session.number)
