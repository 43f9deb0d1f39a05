"""Small sound files of each kind that is taken, with a place, a device and a name wherever their kind has room for them."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable

SECRETS = ("+45.3500+122.7800/", "iPhone of 张三", "白塔村张三家门口")
"""Where, with what and what: nothing of it may be kept."""
TOLD = " ".join(SECRETS).encode()
HEARD = bytes(range(1, 41)) * 4
"""What sounds."""


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(HEARD)
    content = out.getvalue()
    told = b"".join(
        name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
        for name, body in ((b"LIST", b"INFOINAM" + TOLD), (b"bext", TOLD), (b"id3 ", id3()))
    )
    body = content[8:36] + told + content[36:] + told
    return b"RIFF" + struct.pack("<I", len(body)) + body


def id3() -> bytes:
    size = len(TOLD) + 11
    return b"ID3\x04\0\0" + bytes((0, 0, size >> 7, size & 127)) + b"TXXX\0\0\0\x40\0\0\x03" + TOLD


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x64" + (HEARD * 3)[:413]
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, len(TOLD), 1, 0) + bytes(8)
    return id3() + frame * 3 + ape + TOLD + b"TAG" + TOLD.ljust(125, b"\0")[:125]


def aac() -> bytes:
    frame = b"\xff\xf1\x50\x80" + bytes(((len(HEARD) + 7) >> 3, (len(HEARD) + 7 & 7) << 5 | 31, 0xFC)) + HEARD
    return frame * 3 + id3()


def amr() -> bytes:
    return b"#!AMR\n" + (b"\x3c" + HEARD[:31]) * 5 + TOLD


def opus(begins: bytes = b"OpusHead") -> bytes:
    return _ogg(begins + b"\x01\x01" + bytes(9), [b"OpusTags" + bytes(4) + _comments()])


def vorbis() -> bytes:
    setup = b"\x05vorbis" + bytes(600)
    return _ogg(b"\x01vorbis" + bytes(23), [b"\x03vorbis" + bytes(4) + _comments() + b"\x01", setup])


def _comments() -> bytes:
    told = b"LOCATION=" + TOLD * 20
    return struct.pack("<II", 1, len(told)) + told


def _ogg(head: bytes, others: list[bytes]) -> bytes:
    packets = [head, *others, HEARD, HEARD, HEARD]
    flags = [2, *[0] * (len(packets) - 2), 4]
    return (
        b"".join(_page(number, flag, packet) for number, (flag, packet) in enumerate(zip(flags, packets, strict=True))) + TOLD
    )


def _page(number: int, flags: int, packet: bytes) -> bytes:
    return ogg_page(number, flags, b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]), packet)


def ogg_page(number: int, flags: int, lengths: bytes, body: bytes) -> bytes:
    head = struct.pack("<4sBBqI", b"OggS", 0, flags, 0, 7) + struct.pack("<I", number)
    rest = bytes([len(lengths)]) + lengths + body
    return head + struct.pack("<I", ogg_sum(head + bytes(4) + rest)) + rest


def ogg_sum(page: bytes) -> int:
    """A page's sum, worked out bit by bit."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ (0x04C11DB7 if total >> 31 else 0)) & 0xFFFFFFFF
    return total


def element(name: int, body: bytes, *, endless: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if endless else (1 << 56 | len(body)).to_bytes(8, "big")
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size + body


def webm(codec: bytes = b"A_OPUS", kind: int = 2) -> bytes:
    """As a browser writes it while it records, so that nothing says how long it is; with tags before and behind the sound."""
    track = b"".join((
        element(0xD7, b"\x01"), element(0x73C5, b"\x01"), element(0x83, bytes([kind])), element(0x86, codec),
        element(0x536E, TOLD), element(0xE1, element(0xB5, struct.pack(">f", 48000)) + element(0x9F, b"\x01")),
    ))  # fmt: skip
    info = element(0x2AD7B1, b"\x0f\x42\x40") + element(0x4D80, b"Chrome") + element(0x5741, TOLD) + element(0x7BA9, TOLD)
    tags = element(0x1254C367, element(0x7373, element(0x67C8, element(0x45A3, b"LOCATION") + element(0x4487, TOLD))))
    sound = element(0xE7, b"\0") + element(0xA3, b"\x81\0\0\x80" + HEARD) + element(0xEC, TOLD)
    cluster = element(0x1F43B675, sound, endless=True)
    within = element(0x1549A966, info) + tags + element(0x1654AE6B, element(0xAE, track)) + cluster * 2 + tags
    return element(0x1A45DFA3, element(0x4282, b"webm")) + element(0x18538067, within, endless=True)


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def m4a(brand: bytes = b"M4A ", handler: bytes = b"soun", codec: bytes = b"mp4a", *, told: bool = True) -> bytes:
    """With its index before the sound, so that what points at the sound has to go on pointing at it."""
    entry = box(
        codec, bytes(6) + b"\0\1" + bytes(8) + b"\0\1\0\x10\0\0\0\0\x1f\x40\0\0", box(b"esds", bytes(8)), box(b"uuid", TOLD)
    )
    head = box(b"ftyp", brand, bytes(4))
    at = 0
    for _ in range(2):
        samples = (
            box(b"stsd", bytes(4) + b"\0\0\0\1", entry), box(b"stts", bytes(8)), box(b"stsc", bytes(8)),
            box(b"stsz", bytes(12)), box(b"stco", bytes(4) + b"\0\0\0\1" + struct.pack(">I", at)),
        )  # fmt: skip
        own = box(b"dinf", box(b"dref", bytes(4) + b"\0\0\0\1", box(b"url ", b"\0\0\0\1", TOLD, b"\0")))
        named = box(b"hdlr", bytes(8) + handler + bytes(12) + TOLD + b"\0")
        media = box(b"mdia", box(b"mdhd", _times(24)), named, box(b"minf", box(b"smhd", bytes(8)), own, box(b"stbl", *samples)))
        place = box(b"udta", box(b"\xa9xyz", TOLD), box(b"loci", TOLD), box(b"meta", bytes(4), box(b"ilst", TOLD)))
        track = box(b"trak", box(b"tkhd", _times(84)), media, *([place] if told else []))
        index = box(b"moov", box(b"mvhd", _times(100)), track, place, box(b"meta", TOLD))
        before = head + index + box(b"free", TOLD) + box(b"uuid", TOLD)
        at = len(before) + 8
    return before + box(b"mdat", HEARD) + box(b"udta", TOLD) + TOLD


def pointed_at(content: bytes) -> bytes:
    """The sound that the index of an `m4a` points at."""
    at = struct.unpack_from(">I", content, content.index(b"stco") + 12)[0]
    return content[at : at + len(HEARD)]


WHEN = b"\xe0\x12\x34\x56"


def _times(length: int) -> bytes:
    return bytes(4) + WHEN * 2 + bytes(length - 12)


SOUNDS: dict[str, Callable[[], bytes]] = {
    "audio/wav": wav, "audio/mpeg": mp3, "audio/aac": aac, "audio/amr": amr, "audio/ogg": opus, "audio/ogg; vorbis": vorbis,
    "audio/webm": webm, "audio/mp4": m4a, "audio/mp4; 3gp": lambda: m4a(b"3gp4", codec=b"samr"),
}  # fmt: skip
"""By their content type, behind a semicolon what else it is."""
