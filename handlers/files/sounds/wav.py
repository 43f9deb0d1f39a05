"""WAV: of its chunks the sound and how it is coded are kept, but not who recorded it with what and where (LIST, bext, id3)."""

from __future__ import annotations

import struct

from handlers.files.sounds.words import BROKEN, FOREIGN
from handlers.reading import Unreadable

_PLAIN = {1, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE}
"""Codings without a place for anything but sound: PCM, ADPCM, float, A-law, mu-law, GSM, and PCM of many channels."""
_LONGEST_FORMAT = 64


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    kept: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(content) and b"data" not in kept:
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        at += 8
        if name == b"data":
            size = min(size, len(content) - at)  # one that is written while it is recorded says the greatest number
        if at + size > len(content):
            raise Unreadable(BROKEN)
        if name in (b"fmt ", b"fact", b"data"):
            kept[name] = content[at : at + size]
        at += size + size % 2
    coding = kept.get(b"fmt ", b"")
    if not kept.get(b"data") or len(coding) < 14:
        raise Unreadable(BROKEN)
    if len(coding) > _LONGEST_FORMAT or struct.unpack_from("<H", coding)[0] not in _PLAIN:
        raise Unreadable(FOREIGN)
    body = b"WAVE" + b"".join(_chunk(name, kept[name]) for name in (b"fmt ", b"fact", b"data") if name in kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
