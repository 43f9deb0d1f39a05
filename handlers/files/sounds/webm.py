"""WebM with sound alone: the elements that sound needs are written anew, all others are left out (tags, chapters, attachments,
titles, dates, the names of programs and devices)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handlers.files.sounds.words import BROKEN, FILM, FOREIGN
from handlers.reading import Unreadable

_EBML, _SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_MUXER, _WRITER = 0x4D80, 0x5741
_TRACK, _KIND, _CODEC = 0xAE, 0x83, 0x86
_TOP = {_INFO, _TRACKS, _CLUSTER, 0x114D9B74, 0x1C53BB6B, 0x1254C367, 0x1941A469, 0x1043A770}
"""What stands in a segment, and so ends a cluster that does not say how long it is."""

Kept = Mapping[int, "Kept | None"]


def _plain(*names: int) -> dict[int, None]:
    """What is kept as it is."""
    return dict.fromkeys(names, None)


_HEAD: Kept = _plain(0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285)
_TIMING: Kept = _plain(0x2AD7B1, 0x4489)
_TRACK_KEPT = _plain(0xD7, 0x73C5, _KIND, 0xB9, 0x88, 0x55AA, 0x9C, 0x23E383, _CODEC, 0x63A2, 0x56AA, 0x56BB, 0x22B59C)
_ALL_TRACKS: Kept = {_TRACK: {**_TRACK_KEPT, 0xE1: _plain(0xB5, 0x78B5, 0x9F, 0x6264)}}
_BLOCKS: Kept = {**_plain(0xE7, 0xA3), 0xA0: _plain(0xA1, 0x9B, 0xFB, 0x75A2)}
"""What is kept, by its id (RFC 8794, RFC 9559)."""
_CODECS = (b"A_OPUS", b"A_PCM/INT/LIT", b"A_PCM/FLOAT/IEEE", b"A_AAC")
"""Codings that carry nothing but sound: Vorbis has its comments with it."""
_SOUND = 2
_OURS = b"cunbao"
"""The names of two programs have to be there."""

Element = tuple[int, bytes]


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    head: bytes | None = None
    for name, body in _elements(content):
        if name == _EBML:
            head = _written(_EBML, _sifted(body, _HEAD))
        elif name == _SEGMENT and head is not None:
            return head + _written(_SEGMENT, _segment(body))
    raise Unreadable(BROKEN)


def _segment(content: bytes) -> bytes:
    found: dict[int, list[bytes]] = {_INFO: [], _TRACKS: [], _CLUSTER: []}
    for name, body in _elements(content):
        if name == _INFO:
            names = _written(_MUXER, _OURS) + _written(_WRITER, _OURS)
            found[_INFO].append(_written(_INFO, _sifted(body, _TIMING) + names))
        elif name == _TRACKS:
            _check(body)
            found[_TRACKS].append(_written(_TRACKS, _sifted(body, _ALL_TRACKS)))
        elif name == _CLUSTER:
            found[_CLUSTER].append(_written(_CLUSTER, _sifted(body, _BLOCKS)))
    if not found[_INFO] or not found[_CLUSTER] or len(found[_TRACKS]) != 1:
        raise Unreadable(BROKEN)
    return found[_INFO][0] + found[_TRACKS][0] + b"".join(found[_CLUSTER])


def _check(tracks: bytes) -> None:
    """Raises Unreadable unless all tracks are sound of a coding that is known."""
    for name, track in _elements(tracks):
        if name != _TRACK:
            continue
        told = dict(_elements(track))
        kind = int.from_bytes(told.get(_KIND, b""), "big")
        if kind != _SOUND:
            raise Unreadable(FILM if kind == 1 else FOREIGN)
        if told.get(_CODEC, b"").rstrip(b"\0") not in _CODECS:
            raise Unreadable(FOREIGN)


def _sifted(content: bytes, kept: Kept) -> bytes:
    parts = []
    for name, body in _elements(content):
        if name in kept:
            within = kept[name]
            parts.append(_written(name, body if within is None else _sifted(body, within)))
    return b"".join(parts)


def _elements(content: bytes) -> Iterator[Element]:
    """The elements that stand side by side. Raises Unreadable where they don't fit: the last may hold too much."""
    at = 0
    while at < len(content):
        name, at = _number(content, at, marked=True)
        size, at = _number(content, at)
        if name is None or at > len(content):
            raise Unreadable(BROKEN)
        end = len(content) if size is None else at + size
        if size is None and name == _CLUSTER:
            end = _end_of_cluster(content, at)
        if end > len(content):
            raise Unreadable(BROKEN)
        yield name, content[at:end]
        at = end


def _end_of_cluster(content: bytes, at: int) -> int:
    """Where a cluster that does not say how long it is ends: at the next thing that stands in a segment."""
    while at < len(content):
        name, behind = _number(content, at, marked=True)
        size, behind = _number(content, behind)
        if name is None or size is None or name in _TOP or behind + size > len(content):
            break
        at = behind + size
    return at


def _number(content: bytes, at: int, *, marked: bool = False) -> tuple[int | None, int]:
    """A number of EBML and where it ends: an id with its mark, or a length; None for no number and for an unknown length."""
    first = content[at] if at < len(content) else 0
    if not first:
        return None, len(content) + 1
    length = 9 - first.bit_length()
    value = int.from_bytes(content[at : at + length], "big")
    at += length
    if marked:
        return value if length <= 4 else None, at
    value &= (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), at


def _written(name: int, body: bytes) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + (1 << 56 | len(body)).to_bytes(8, "big") + body
