"""Keys and what they do: seal (encrypt), open, blind index, audit signature.

PIPL art. 51 asks for encryption and separation of keys from data, so the key file lives outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic_core import from_json, to_json

_NONCE = 12
_VERSION = b"\x01"


class SealError(Exception):
    """A sealed value or a key file that can't be used; the message says what to do."""


class Vault:
    """Seals with AES-256-GCM, and answers equality with a keyed hash, from one 32-byte master key."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise SealError("密钥应为 32 字节。请从备份恢复密钥文件。")
        self._aes = AESGCM(_derive(master, b"seal"))
        self._blind = _derive(master, b"blind")
        self._sign = _derive(master, b"audit")
        self._session = _derive(master, b"session")

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._aes.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises SealError when the value was altered or sealed with another key."""
        if sealed[:1] != _VERSION:
            raise SealError("密文版本不认识，可能来自更新的版本。")
        try:
            return self._aes.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], None)
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
        return hmac.new(self._blind, f"{kind}|{text}".encode(), hashlib.sha256).hexdigest()[:32]

    def sign(self, message: bytes) -> str:
        return hmac.new(self._sign, message, hashlib.sha256).hexdigest()

    @property
    def session_secret(self) -> str:
        """Signs the phone page's sessions and links."""
        return self._session.hex()


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"cunbao " + purpose).derive(master)


def load_vault(path: Path) -> tuple[Vault, bool]:
    """The vault of the key file at `path`, and whether the file was just made (mode 600).

    Raises SealError for a file that others can read or that holds no key.
    """
    made = False
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        made = True
    if path.stat().st_mode & 0o077:
        raise SealError(f"密钥文件 {path} 他人可读。请执行： chmod 600 {path}")
    try:
        return Vault(bytes.fromhex(path.read_text().strip())), made
    except ValueError:
        raise SealError(f"密钥文件 {path} 内容不对，应为 64 位十六进制。请从备份恢复。") from None
