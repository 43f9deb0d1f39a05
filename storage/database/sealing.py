"""What the keys do: seal (encrypt), open, blind index, audit signature.

PIPL art. 51 asks for encryption and separation of keys from data, so the key file lies outside the database
(`storage/database/keys.py`). A sealed value is

    1, nonce (12 bytes), ciphertext                        of former days, with sealing key 1
    2, key number (2 bytes), nonce (12 bytes), ciphertext

A running process reads the key file again when it changes, and when it meets a number it does not know: keys can be
changed without a stop.
"""

from __future__ import annotations

import hmac
import logging
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from storage.database.keys import FIRST, KeyFileError, Keys, make_key_file, read_keys, stamp

log = logging.getLogger(__name__)

_NONCE = 12
_UNNUMBERED = b"\x01"
_NUMBERED = b"\x02"
HEADER = 3
"""Bytes at the beginning of a sealed value that say by which key it was sealed."""


class SealError(Exception):
    """A sealed value that can't be opened, or a key file that can't be used; the message says what to do."""


class UnknownKey(SealError):
    """A value sealed with a key that the key file does not hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"密文用的是 {number} 号密钥，密钥文件里没有。")


class Vault:
    """Seals with AES-256-GCM by the newest key, opens by the key a value names, and answers equality with a keyed hash."""

    def __init__(self, keys: Keys, path: Path | None = None) -> None:
        """`path` is the key file, where there is one."""
        self._path = path
        self._stamp: tuple[int, ...] = ()
        self._use(keys)

    def _use(self, keys: Keys) -> None:
        self.keys = keys
        self._ciphers = {number: AESGCM(key) for number, key in keys.opening.items()}
        self._newest = self._ciphers[keys.newest]
        self._header = header(keys.newest)

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._header + nonce + self._newest.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises SealError when the value was altered or sealed with another key, UnknownKey when that key is not there."""
        number = number_of(sealed)
        cipher = self._ciphers.get(number)
        if cipher is None:
            self.refresh()
            cipher = self._ciphers.get(number)
            if cipher is None:
                raise UnknownKey(number)
        start = 1 if sealed[:1] == _UNNUMBERED else HEADER
        try:
            return cipher.decrypt(sealed[start : start + _NONCE], sealed[start + _NONCE :], None)
        except (InvalidTag, ValueError):  # the latter for one cut short
            raise SealError("密文无法解开：密钥文件与数据库不是一套，或数据被改动。") from None

    def seal_text(self, text: str | None) -> bytes | None:
        return None if text is None else self.seal(text.encode())

    def open_text(self, sealed: bytes | None) -> str | None:
        return None if sealed is None else self.open(sealed).decode()

    def seal_json(self, value: Any) -> bytes:
        return self.seal(to_json(value))

    def open_json(self, sealed: bytes) -> Any:
        return from_json(self.open(sealed))

    def blind(self, kind: str, text: str) -> str:
        """A keyed hash for looking up `text` among values of `kind` without storing it in the clear."""
        return hmac.digest(self.keys.blind, f"{kind}|{text}".encode(), "sha256").hex()[:32]

    def sign(self, message: bytes) -> str:
        return hmac.digest(self.keys.audit, message, "sha256").hex()

    @property
    def session_secret(self) -> str:
        """Signs the phone page's sessions and links."""
        return self.keys.session.hex()

    def refresh(self) -> None:
        """Read the key file again if it is another than it was. One that can't be used leaves the keys as they are."""
        if self._path is None:
            return
        now: tuple[int, ...] = (-1,)
        try:
            now = stamp(self._path)
            if now != self._stamp:
                self._take(_usable(self._path))
        except (OSError, KeyFileError) as error:
            if now != self._stamp:  # said once
                log.error("the key file cannot be read again; going on with the keys as they were: %s", error)
        self._stamp = now

    def _take(self, keys: Keys) -> None:
        if keys.belongs_with(self.keys):
            self._use(keys)
        else:
            log.error("the key file is that of another installation now; going on with the keys as they were")


def header(number: int) -> bytes:
    """How a value begins that was sealed with the key of that number."""
    return _NUMBERED + number.to_bytes(HEADER - 1, "big")


def number_of(sealed: bytes) -> int:
    """The number of the key that a value was sealed with; its first `HEADER` bytes are enough. Raises SealError."""
    form = sealed[:1]
    if form == _UNNUMBERED:
        return FIRST
    if form != _NUMBERED or len(sealed) < HEADER:
        raise SealError("密文版本不认识，可能来自更新的版本。")
    return int.from_bytes(sealed[1:HEADER], "big")


def load_vault(path: Path) -> tuple[Vault, bool]:
    """The vault of the key file at `path`, and whether the file was just made (mode 600).

    Raises SealError for a file that others can read or that holds no key.
    """
    made = not path.exists()
    if made:
        make_key_file(path)
    return open_vault(path), made


def open_vault(path: Path) -> Vault:
    """The vault of a key file that is there. Raises SealError as `load_vault`, OSError for one that can't be read."""
    try:
        return Vault(_usable(path), path)
    except KeyFileError as error:
        raise SealError(str(error)) from None


def _usable(path: Path) -> Keys:
    """As `read_keys`, but retired keys, which hardly anything needs, keep nobody from the others."""
    try:
        return read_keys(path)
    except (KeyFileError, OSError) as error:
        keys = read_keys(path, with_retired=False)
        log.error("the retired keys cannot be read and are left out: %s", error)
        return keys
