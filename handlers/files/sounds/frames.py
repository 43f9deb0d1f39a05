"""MP3 and AAC as a stream of frames, each of which says how long it is. What stands before, between and behind them is left
out: ID3 and APE tags with places, names and pictures."""

from __future__ import annotations

from collections.abc import Callable

from handlers.files.sounds.words import BROKEN, FOREIGN
from handlers.reading import Unreadable

_MOST_BETWEEN = 64 * 1024
"""Bytes that are no frame, beside the tags that say how long they are."""

_RATES = {  # kbit/s by version and layer; 0 is "free" and says nothing of the length
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES = (44100, 48000, 32000)
_SLOWER = {3: 1, 2: 2, 0: 4}
"""By the bits of the version: MPEG 1, 2 and 2.5."""

Header = tuple[int, object]
"""Bytes of a frame, and what is the same in all frames of one recording."""


def cleaned_mp3(content: bytes) -> bytes:
    """Pure. Raises Unreadable. Behind an ID3 tag there may be AAC as well."""
    start = _behind_tags(content, 0)
    return _chained(content, start, _aac if _aac(content, start) else _mp3)


def cleaned_aac(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    return _chained(content, 0, _aac)


def _chained(content: bytes, at: int, header_at: Callable[[bytes, int], Header | None]) -> bytes:
    """The frames alone. One counts where another of its kind, or the end, follows; one cut off at the end is left out."""
    frames: list[bytes] = []
    kind: object = None
    between = 0
    while at < len(content):
        header = header_at(content, at)
        if header is not None and (kind is None or header[1] == kind) and _goes_on(content, at + header[0], header, header_at):
            frames.append(content[at : at + header[0]])
            at, kind = at + header[0], header[1]
            continue
        behind = _behind_tags(content, at)
        if behind == at:
            sync = content.find(b"\xff", at + 1)
            behind = sync if sync >= 0 else len(content)
            between += behind - at
            if between > _MOST_BETWEEN:
                raise Unreadable(FOREIGN)
        at = behind
    if not frames:
        raise Unreadable(BROKEN)
    return b"".join(frames)


def _goes_on(content: bytes, end: int, header: Header, header_at: Callable[[bytes, int], Header | None]) -> bool:
    """Whether the frame that ends there is one: the next is of its kind, or there is none, or a tag."""
    if end >= len(content):
        return end == len(content)
    following = header_at(content, end)
    if following is not None:
        return following[1] == header[1]
    return end + 4 > len(content) or _behind_tags(content, end) > end


def _behind_tags(content: bytes, at: int) -> int:
    """Where the tags that begin there end; a tag that is longer than the file ends with it."""
    while True:
        begins = content[at : at + 10]
        if begins.startswith(b"ID3") and len(begins) == 10:
            sizes = begins[6:10]
            length = 10 + sum((byte & 127) << shift for byte, shift in zip(sizes, (21, 14, 7, 0), strict=True))
            length += 10 if begins[5] & 16 else 0
        elif content.startswith(b"APETAGEX", at):
            length = 32 + int.from_bytes(content[at + 12 : at + 16], "little")
        elif content.startswith(b"TAG", at):
            length = 128
        else:
            return min(at, len(content))
        at += length


def _mp3(content: bytes, at: int) -> Header | None:
    if len(content) < at + 4 or content[at] != 0xFF or content[at + 1] & 0xE0 != 0xE0:
        return None
    slower, layer = _SLOWER.get(content[at + 1] >> 3 & 3), 4 - (content[at + 1] >> 1 & 3)
    rate, sample, padding = content[at + 2] >> 4, content[at + 2] >> 2 & 3, content[at + 2] >> 1 & 1
    if slower is None or layer == 4 or rate in (0, 15) or sample == 3:
        return None
    version = 1 if slower == 1 else 2
    bits, hertz = 1000 * _RATES[version, layer][rate], _SAMPLES[sample] // slower
    if layer == 1:
        return 4 * (12 * bits // hertz + padding), (slower, layer, hertz)
    return (72 if layer == 3 and version == 2 else 144) * bits // hertz + padding, (slower, layer, hertz)


def _aac(content: bytes, at: int) -> Header | None:
    if len(content) < at + 7 or content[at] != 0xFF or content[at + 1] & 0xF6 != 0xF0:
        return None
    length = (content[at + 3] & 3) << 11 | content[at + 4] << 3 | content[at + 5] >> 5
    return (length, (content[at + 1] & 8, content[at + 2] & 0xFC)) if length > 7 else None
