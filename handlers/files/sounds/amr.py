"""AMR, as older phones record: a line that says so, and then frames. Whatever is no frame is left out."""

from __future__ import annotations

from handlers.files.sounds.words import BROKEN, FOREIGN
from handlers.reading import Unreadable

_NARROW = (12, 13, 15, 17, 19, 20, 26, 31, 5, 6, 5, 5, None, None, None, 0)
_WIDE = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0)
"""Bytes of a frame's sound, by the type that its first byte names (RFC 4867, 3GPP TS 26.101 and 26.201)."""
_MAKES = {b"#!AMR\n": _NARROW, b"#!AMR-WB\n": _WIDE}
_NOT_A_FRAME = 0b10000011
"""Bits that are 0 in the first byte of each frame."""


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    make = next((make for make in _MAKES if content.startswith(make)), None)
    if make is None:  # several channels, which no phone records
        raise Unreadable(FOREIGN)
    at = len(make)
    while at < len(content) and not content[at] & _NOT_A_FRAME:
        size = _MAKES[make][content[at] >> 3 & 15]
        behind = at + 1 + (size or 0)
        if size is None or behind > len(content) or (behind < len(content) and content[behind] & _NOT_A_FRAME):
            break  # what no frame follows may be none: 20 ms are the less
        at = behind
    if at == len(make):
        raise Unreadable(BROKEN)
    return content[:at]
