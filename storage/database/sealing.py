"""What the keys do: seal (encrypt), open, blind index, audit signature.

PIPL art. 51 asks for encryption and separation of keys from data, so the key file lies outside the database
(`storage/database/keys.py`). A sealed value is

    1, nonce (12 bytes), ciphertext                        of former days, with sealing key 1
    2, key number (2 bytes), nonce (12 bytes), ciphertext  of former days
    3, key number (2 bytes), nonce (12 bytes), ciphertext  bound to its place: table, column and row, or a file's name

One of the third form opens in its own place alone: put into another row or column it is as good as damaged. Those of former
days open anywhere, until whoever writes their row, or a change of keys, seals them anew.

A running process reads the key file again when it changes, and when it meets a number it does not know: keys can be
changed without a stop.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from storage.database.base import place_of, sealed_columns, value_in
from storage.database.keys import FIRST, KeyFileError, Keys, make_key_file, read_keys, stamp

log = logging.getLogger(__name__)

_NONCE = 12
_UNNUMBERED = b"\x01"
_NUMBERED = b"\x02"
_BOUND = b"\x03"
HEADER = 3
"""Bytes at the beginning of a sealed value that say by which key it was sealed."""


class SealError(Exception):
    """A sealed value that can't be opened, or a key file that can't be used; the message says what to do."""


class UnknownKey(SealError):
    """A value sealed with a key that the key file does not hold."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"密文用的是 {number} 号密钥，密钥文件里没有。")


class Unsealed:
    """A value on its way into a sealed column: whoever writes its row seals it there (`Vault.bind`). No driver takes it."""

    __slots__ = ("plain",)

    def __init__(self, plain: bytes) -> None:
        self.plain = plain


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

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """Seal a value so that it opens in this place alone."""
        nonce = os.urandom(_NONCE)
        return self._header + nonce + self._newest.encrypt(nonce, plain, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Raises SealError when the value was altered, moved here or sealed with another key, UnknownKey when that key is not
        there."""
        number = number_of(sealed)
        cipher = self._ciphers.get(number)
        if cipher is None:
            self.refresh()
            cipher = self._ciphers.get(number)
            if cipher is None:
                raise UnknownKey(number)
        start = 1 if sealed[:1] == _UNNUMBERED else HEADER
        bound = place if sealed[:1] == _BOUND else None
        try:
            return cipher.decrypt(sealed[start : start + _NONCE], sealed[start + _NONCE :], bound)
        except (InvalidTag, ValueError):  # the latter for one cut short
            raise SealError("密文无法解开：密钥文件与数据库不是一套，或数据被改动。") from None

    def seal_text(self, text: str | None) -> Unsealed | None:
        return None if text is None else Unsealed(text.encode())

    def seal_json(self, value: Any) -> Unsealed:
        return Unsealed(to_json(value))

    def bind(self, table: sa.Table, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """`values` of a row, with what is to be sealed sealed to its place. `row` has at least the key."""
        return {
            name: self.seal(value.plain, place_of(table.c[name], row)) if isinstance(value, Unsealed) else value
            for name, value in values.items()
        }

    def bound_anew(self, table: sa.Table, row: Any) -> dict[str, bytes]:
        """The sealed values of a whole row that are bound to no place yet, sealed to it; without what does not open."""
        anew: dict[str, bytes] = {}
        for name in sealed_columns(table):
            cell = row[name]
            if isinstance(cell, bytes) and cell[:1] != _BOUND:
                place = place_of(table.c[name], row)
                with contextlib.suppress(SealError):  # it stays as it is, and `check` names it
                    anew[name] = self.seal(self.open(cell, place), place)
        return anew

    def open_cell(self, column: sa.Column[Any], row: Any) -> bytes:
        """What is sealed in a column of a row, which has to be there with `base.bound_columns`. Raises as `open`."""
        cell = value_in(row, column)
        if not isinstance(cell, bytes | memoryview):  # a text or a number that somebody has put there
            raise SealError("密文不是密文，数据被改动。")
        return self.open(bytes(cell), place_of(column, row))

    def open_text(self, column: sa.Column[Any], row: Any) -> str | None:
        """As `open_cell`; None for an empty one."""
        return None if value_in(row, column) is None else self.open_cell(column, row).decode()

    def open_json(self, column: sa.Column[Any], row: Any) -> Any:
        """As `open_cell`."""
        return from_json(self.open_cell(column, row))

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
    return _BOUND + number.to_bytes(HEADER - 1, "big")


def number_of(sealed: bytes) -> int:
    """The number of the key that a value was sealed with; its first `HEADER` bytes are enough. Raises SealError."""
    form = sealed[:1]
    if form == _UNNUMBERED:
        return FIRST
    if form not in (_NUMBERED, _BOUND) or len(sealed) < HEADER:
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
