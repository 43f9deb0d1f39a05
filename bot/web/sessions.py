"""Who a page belongs to: a signed token that carries the address of its chat."""

from __future__ import annotations

import secrets
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from bot.service.clock import Clock
from storage.database.base import from_ms, to_ms

COOKIE = "cunbao"
LASTS = timedelta(days=180)
"""A household writes a few times a season; it should not have to scan its code again each time."""


def new_address() -> str:
    """An address nobody can guess, for a phone that comes for the first time."""
    return f"web:{secrets.token_urlsafe(15)}"


class Sessions:
    """Issues and reads session tokens. `secret` is `Vault.session_secret`."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._signer = URLSafeSerializer(secret, salt="phone page")
        self._clock = clock

    def issue(self, address: str) -> str:
        return self._signer.dumps([address, to_ms(self._clock())])

    def read(self, token: str | None) -> str | None:
        """The address, or None for a token that is missing, forged or too old."""
        if not token:
            return None
        try:
            address, issued = self._signer.loads(token)
        except BadSignature:
            return None
        return str(address) if self._clock() - from_ms(issued) < LASTS else None
