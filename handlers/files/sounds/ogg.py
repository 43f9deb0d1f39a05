"""Ogg with Opus or Vorbis: the packet of comments (place, device, author) becomes an empty one, all pages are numbered anew."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from handlers.files.sounds.words import BROKEN, FOREIGN
from handlers.reading import Unreadable

_HEAD = struct.Struct("<4sBBqIIIB")
"""A page's head: capture, version, flags, position, stream, number, checksum, how many lengths follow."""
_SUM = 22
"""Where the checksum stands in it."""
_GOES_ON, _FIRST, _LAST = 1, 2, 4

_MAKES = {
    b"OpusHead": (b"OpusTags", 2, b"OpusTags" + bytes(8)),
    b"\x01vorbis": (b"\x03vorbis", 3, b"\x03vorbis" + bytes(8) + b"\x01"),
}
"""By how the first packet begins: how the comments begin, how many packets stand before the sound, and comments that say
nothing."""


_LONGEST_HEADERS = 1024 * 1024
"""Bytes of all packets before the sound: a comment may hold a picture."""
_LONGEST_SETUP = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    position: int
    stream: int
    lengths: bytes
    body: bytes


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    pages = list(_pages(content))
    if not pages:
        raise Unreadable(BROKEN)
    first = pages[0]
    make = next((make for start, make in _MAKES.items() if first.body.startswith(start)), None)
    if make is None:
        raise Unreadable(FOREIGN)
    begins, count, silent = make
    headers, used = _headers(pages, count)
    if not headers[1].startswith(begins) or len(headers[0]) > _length(headers[0]):
        raise Unreadable(BROKEN)
    if any(len(setup) > _LONGEST_SETUP for setup in headers[2:]):
        raise Unreadable(FOREIGN)
    sound = [page for page in pages[used:] if page.lengths or page.flags & _LAST]
    if not sound:
        raise Unreadable(BROKEN)
    made = [_Page(_FIRST, 0, first.stream, *_laced(headers[0])), *_paged(first.stream, [silent, *headers[2:]]), *sound]
    return b"".join(_written(page, number) for number, page in enumerate(made))


def _length(head: bytes) -> int:
    """Bytes of a first packet: Opus says of more than two channels where each goes (RFC 7845)."""
    if head.startswith(b"OpusHead"):
        return 21 + head[9] if len(head) > 19 and head[18] else 19
    return 30


def _pages(content: bytes) -> Iterator[_Page]:
    """The whole pages of the one stream, up to its last. Raises Unreadable where there are several, and for a wrong sum."""
    at = 0
    stream: int | None = None
    while at + _HEAD.size <= len(content):
        capture, version, flags, position, serial, _, checksum, count = _HEAD.unpack_from(content, at)
        begin = at + _HEAD.size + count
        lengths = content[at + _HEAD.size : begin]
        end = begin + sum(lengths)
        if capture != b"OggS" or version or end > len(content) or len(lengths) < count:
            return
        behind = at + _SUM + 4
        if _checksum(content[at : at + _SUM] + bytes(4) + content[behind:end]) != checksum:
            raise Unreadable(BROKEN)
        if stream not in (None, serial) or (stream is not None and flags & _FIRST):
            raise Unreadable(FOREIGN)
        stream = serial
        yield _Page(flags, position, serial, lengths, content[begin:end])
        if flags & _LAST:
            return
        at = end


def _headers(pages: list[_Page], count: int) -> tuple[list[bytes], int]:
    """The packets before the sound, and how many pages they take: the sound begins with a page of its own."""
    packets: list[bytes] = []
    packet = bytearray()
    read = 0
    for used, page in enumerate(pages, 1):
        at = 0
        read += len(page.body)
        if read > _LONGEST_HEADERS:
            raise Unreadable(FOREIGN)
        for length in page.lengths:
            packet += page.body[at : at + length]
            at += length
            if length < 255:
                packets.append(bytes(packet))
                packet.clear()
        if len(packets) == count and not packet:
            return packets, used
        if len(packets) >= count:
            break
    raise Unreadable(BROKEN)


def _laced(packet: bytes) -> tuple[bytes, bytes]:
    return b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]), packet


def _paged(stream: int, packets: list[bytes]) -> Iterator[_Page]:
    """Pages with these packets; of 255 lengths each, the last of fewer."""
    lengths = b"".join(_laced(packet)[0] for packet in packets)
    body = b"".join(packets)
    flags = 0
    while lengths:
        taken, lengths = lengths[:255], lengths[255:]
        size = sum(taken)
        ends = any(length < 255 for length in taken)
        yield _Page(flags, 0 if ends else -1, stream, taken, body[:size])
        body = body[size:]
        flags = _GOES_ON if taken[-1] == 255 else 0


def _written(page: _Page, number: int) -> bytes:
    def head(checksum: int) -> bytes:
        return _HEAD.pack(b"OggS", 0, page.flags, page.position, page.stream, number, checksum, len(page.lengths))

    rest = page.lengths + page.body
    return head(_checksum(head(0) + rest)) + rest


_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32: that of zlib with all bits in the other order, and without its turning round at begin and end."""
    turned = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)
