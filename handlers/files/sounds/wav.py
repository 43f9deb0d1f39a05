"""WAV: of its chunks the sound and how it is coded are kept, but not who recorded it with what and where (LIST, bext, id3)."""

from __future__ import annotations

import struct

from handlers.files.sounds.words import BROKEN, FOREIGN
from handlers.reading import Unreadable

_PLAIN = {1, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE}
"""Codings without a place for anything but sound: PCM, ADPCM, float, A-law, mu-law, GSM, and PCM of many channels."""
_LONGEST_FORMAT = 64
_FACT = 4
"""Bytes of how many samples there are."""


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable, also for a file whose own sizes don't fit: nobody knows then where the sound ends."""
    kept: dict[bytes, bytes] = {}
    end = 8 + struct.unpack_from("<I", content, 4)[0]
    if end > len(content):
        raise Unreadable(BROKEN)
    at = 12
    while at + 8 <= end:
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        at += 8
        if at + size > end:
            raise Unreadable(BROKEN)
        if name in (b"fmt ", b"fact", b"data"):
            kept.setdefault(name, content[at : at + size])
        at += size + size % 2
    coding = kept.get(b"fmt ", b"")
    if at not in (end, end + 1) or not kept.get(b"data") or len(coding) < 14:  # some leave the last byte to fill up out
        raise Unreadable(BROKEN)
    if len(coding) > _LONGEST_FORMAT or struct.unpack_from("<H", coding)[0] not in _PLAIN:
        raise Unreadable(FOREIGN)
    if len(kept.get(b"fact", b"")) < _FACT:
        kept.pop(b"fact", None)
    else:
        kept[b"fact"] = kept[b"fact"][:_FACT]
    body = b"WAVE" + b"".join(_chunk(name, kept[name]) for name in (b"fmt ", b"fact", b"data") if name in kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
