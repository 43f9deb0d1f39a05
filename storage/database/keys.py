"""The key file: several sealing keys by number, and one key each for blind indexes, the audit chain and sessions.

A file of the first form is one line, 64 hex digits, from which all keys are derived; it counts as sealing key 1. The
first new key turns it into lines of a name, a number where there are several, and 64 hex digits:

    blind 3f...
    audit 90...
    session 1c...
    seal 1 77...
    seal 2 e0...

Values are sealed with the key of the highest number. Sealing keys that no value uses any longer are moved to a file beside
it, `cunbao.key.retired`: only backups of former days need them. As long as it lies there, they still open.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FIRST = 1
"""The number of the sealing key of a file of one line, and of values that carry no number."""

HIGHEST = 0xFFFF
"""The highest number for which a sealed value has room."""

_SIZE = 32
_LINE = re.compile(r"(?:(blind|audit|session)|seal ([1-9]\d{0,4})) ([0-9a-f]{64})")
_TITLE = "# 村报的密钥。请另存一份，与数据备份分开放：没有它，加密的数据谁也打不开。\n"
_RETIRED_TITLE = "# 村报停用的密钥：只有换密钥以前的备份还用得到。请与那些备份的密钥放在一处。\n"


class KeyFileError(Exception):
    """A key file that can't be used; the message says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """All keys, 32 bytes each. `retired` are sealing keys that still open but are no longer sealed with."""

    seal: Mapping[int, bytes]
    blind: bytes
    audit: bytes
    session: bytes
    retired: Mapping[int, bytes]

    @classmethod
    def of(cls, master: bytes) -> Keys:
        """The keys that are derived from the 32 bytes of a file of one line. Raises KeyFileError for another length."""
        if len(master) != _SIZE:
            raise KeyFileError("密钥应为 32 字节。请从备份恢复密钥文件。")
        purposes = {name: _derive(master, name.encode()) for name in ("seal", "blind", "audit", "session")}
        return cls({FIRST: purposes["seal"]}, purposes["blind"], purposes["audit"], purposes["session"], {})

    @property
    def newest(self) -> int:
        """The number of the key that new values are sealed with."""
        return max(self.seal)

    @property
    def opening(self) -> Mapping[int, bytes]:
        """Every sealing key that is at hand."""
        return {**self.retired, **self.seal}

    def belongs_with(self, other: Keys) -> bool:
        """Whether both are files of one installation, the one perhaps with more sealing keys."""
        same = (self.blind, self.audit) == (other.blind, other.audit)  # nothing kept was made with the session's
        ours, theirs = self.opening, other.opening
        return same and all(ours[number] == theirs[number] for number in ours.keys() & theirs.keys())

    def with_new(self) -> Keys:
        """These and one more sealing key, which is the newest. Raises KeyFileError when no number is left."""
        number = max(self.opening) + 1
        if number > HIGHEST:
            raise KeyFileError("密钥编号已用完。")
        return replace(self, seal={**self.seal, number: secrets.token_bytes(_SIZE)})

    def with_sealing(self, other: Keys) -> Keys:
        """These and those of `other` that are not there, as retired ones where a newer one is sealed with."""
        lacking = {number: key for number, key in other.opening.items() if number not in self.opening}
        older = {number: key for number, key in lacking.items() if number < self.newest}
        newer = {number: key for number, key in lacking.items() if number > self.newest}
        return replace(self, seal={**self.seal, **newer}, retired={**self.retired, **older})

    def without(self, numbers: set[int]) -> Keys:
        """The same with those sealing keys retired; the newest always stays."""
        gone = {number: key for number, key in self.seal.items() if number in numbers and number != self.newest}
        return replace(
            self,
            seal={number: key for number, key in self.seal.items() if number not in gone},
            retired={**self.retired, **gone},
        )


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_SIZE, salt=None, info=b"cunbao " + purpose).derive(master)


def retired_file(path: Path) -> Path:
    """Where the retired keys of the key file `path` lie."""
    return path.with_name(f"{path.name}.retired")


def make_key_file(path: Path) -> None:
    """A new key file, whole or not at all. Raises FileExistsError when somebody else made one in between."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path, _text(Keys.of(secrets.token_bytes(_SIZE))))
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    _settle(path.parent)


def read_keys(path: Path, *, with_retired: bool = True) -> Keys:
    """The keys of the file `path`, and the retired ones beside it.

    Raises KeyFileError for a file that others can read or that holds no keys, OSError for one that can't be read.
    """
    keys = _keys(path, _private_text(path))
    retired = retired_file(path)
    if with_retired and retired.exists():
        keys = replace(keys, retired=_lines(retired, _private_text(retired))[1])
    return keys


def write_keys(path: Path, keys: Keys) -> None:
    """Put the keys in place of what the files hold, each whole or not at all; the retired ones first: none is ever nowhere."""
    if keys.retired:
        _replace(retired_file(path), _RETIRED_TITLE + _seal_lines(keys.retired))
    _replace(path, _text(keys))


def stamp(path: Path) -> tuple[int, ...]:
    """What tells one state of the key file and the one beside it from another. Raises OSError."""
    known: list[int] = []
    for one in (path, retired_file(path)):
        try:
            status = one.stat()
        except FileNotFoundError:
            known.append(0)
        else:
            known += (status.st_mtime_ns, status.st_ino, status.st_size)
    return tuple(known)


def _private_text(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"密钥文件 {path} 他人可读。请执行： chmod 600 {path}")
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise _unreadable(path) from None


def _keys(path: Path, text: str) -> Keys:
    if re.fullmatch(r"[0-9a-fA-F]{64}", text.strip()):
        return Keys.of(bytes.fromhex(text.strip()))
    others, seal = _lines(path, text)
    if others.keys() != {"blind", "audit", "session"} or not seal:
        raise _unreadable(path)
    return Keys(seal, others["blind"], others["audit"], others["session"], {})


def _lines(path: Path, text: str) -> tuple[dict[str, bytes], dict[int, bytes]]:
    others: dict[str, bytes] = {}
    seal: dict[int, bytes] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or (found[2] and int(found[2]) > HIGHEST):
            raise _unreadable(path)
        if found[1]:
            others[found[1]] = bytes.fromhex(found[3])
        else:
            seal[int(found[2])] = bytes.fromhex(found[3])
    return others, seal


def _unreadable(path: Path) -> KeyFileError:
    return KeyFileError(f"密钥文件 {path} 内容不对，可能没有存全，或来自更新的版本。请从备份恢复。")


def _text(keys: Keys) -> str:
    others = "".join(f"{name} {getattr(keys, name).hex()}\n" for name in ("blind", "audit", "session"))
    return _TITLE + others + _seal_lines(keys.seal)


def _seal_lines(seal: Mapping[int, bytes]) -> str:
    return "".join(f"seal {number} {key.hex()}\n" for number, key in sorted(seal.items()))


def _replace(path: Path, text: str) -> None:
    _draft(path, text).replace(path)
    _settle(path.parent)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _settle(folder: Path) -> None:
    """Names in a folder are safe on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
