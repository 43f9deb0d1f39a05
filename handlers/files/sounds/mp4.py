"""MP4, M4A and 3GP with sound alone: boxes that sound does not need become empty space of the same length, so that what points
into the file still fits. Places (`©xyz`, `loci`), devices, titles and pictures stand in such boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.files.sounds.words import BROKEN, FILM, FOREIGN
from handlers.reading import Unreadable

Kept = Mapping[bytes, "Kept | None"]
_AS_IT_IS = None
_SAMPLES = dict.fromkeys((b"stts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"ctts", b"stss", b"sgpd", b"sbgp"), _AS_IT_IS)
_KEPT: Kept = {
    b"ftyp": _AS_IT_IS,
    b"styp": _AS_IT_IS,
    b"sidx": _AS_IT_IS,
    b"mdat": _AS_IT_IS,
    b"moov": {
        b"mvhd": _AS_IT_IS,
        b"trak": {
            b"tkhd": _AS_IT_IS,
            b"edts": {b"elst": _AS_IT_IS},
            b"mdia": {
                b"mdhd": _AS_IT_IS,
                b"hdlr": _AS_IT_IS,
                b"minf": {b"smhd": _AS_IT_IS, b"dinf": {b"dref": _AS_IT_IS}, b"stbl": {b"stsd": _AS_IT_IS, **_SAMPLES}},
            },
        },
        b"mvex": {b"mehd": _AS_IT_IS, b"trex": _AS_IT_IS},
    },
    b"moof": {b"mfhd": _AS_IT_IS, b"traf": dict.fromkeys((b"tfhd", b"tfdt", b"trun", b"sgpd", b"sbgp"), _AS_IT_IS)},
}
"""The boxes of sound, by what they stand in."""
_CODECS = (b"mp4a", b"samr", b"sawb", b"Opus", b"alac")
_ENTRY = {0: 36, 1: 52, 2: 72}
"""Bytes of how sound is coded, up to the boxes within, by version."""
_CODING = dict.fromkeys((b"esds", b"damr", b"dOps", b"alac", b"chan", b"btrt", b"wave"), _AS_IT_IS)
_TIMES = {b"mvhd", b"tkhd", b"mdhd"}
"""Boxes that say when something was recorded: 4 bytes each for begin and change, or 8 each in version 1."""


@dataclass(slots=True)
class _Sifting:
    """`content` is changed in place; `seen` counts the boxes that are kept, `kinds` are what the tracks hold."""

    content: bytearray
    seen: Counter[bytes] = field(default_factory=Counter)
    kinds: list[bytes] = field(default_factory=list)

    def sift(self, at: int, end: int, kept: Kept) -> None:
        while end - at >= 8:
            found = self._box(at, end)
            if found is None:
                if kept is not _KEPT or not {b"moov", b"mdat"} <= self.seen.keys():
                    raise Unreadable(BROKEN)
                self.content[at : at + 8] = bytes(4) + b"free"  # up to the end: a phone's maker has added something of its own
                at += 8
                break
            name, begin, behind = found
            if name in kept:
                self.seen[name] += 1
                within = kept[name]
                if within is None:
                    self._look_into(name, begin, behind)
                else:
                    self.sift(begin, behind, within)
            else:
                self.content[at + 4 : at + 8] = b"free"
                self._blank(begin, behind)
            at = behind
        self._blank(at, end)

    def _box(self, at: int, end: int) -> tuple[bytes, int, int] | None:
        """The name of a box, where its content begins and ends; None where it does not fit."""
        size, begin = int.from_bytes(self.content[at : at + 4], "big"), at + 8
        if size == 1:
            size, begin = int.from_bytes(self.content[at + 8 : at + 16], "big"), at + 16
        elif size == 0 and end == len(self.content):  # the last of the file
            size = end - at
        if begin > end or size < begin - at or at + size > end:
            return None
        return bytes(self.content[at + 4 : at + 8]), begin, at + size

    def _look_into(self, name: bytes, begin: int, end: int) -> None:
        if name in _TIMES and end - begin >= 20:
            self._blank(begin + 4, begin + (20 if self.content[begin] == 1 else 12))
        elif name == b"hdlr" and end - begin >= 24:
            self.kinds.append(bytes(self.content[begin + 8 : begin + 12]))
            self._blank(begin + 12, end)  # the name of what wrote it
        elif name == b"dref":
            self._look_at_source(begin, end)
        elif name == b"stsd":
            self._look_at_coding(begin + 8, end)

    def _look_at_source(self, begin: int, end: int) -> None:
        """Where the sound is: in this file alone, and in no other whose name stands there."""
        told = bytes(self.content[begin:end])
        if told[4:8] != b"\0\0\0\1" or told[12:16] not in (b"url ", b"alis") or not int.from_bytes(told[16:20], "big") & 1:
            raise Unreadable(FOREIGN)
        self._blank(begin + 20, end)

    def _look_at_coding(self, at: int, end: int) -> None:
        while at < end:
            found = self._box(at, end)
            if found is None:
                raise Unreadable(BROKEN)
            name, begin, behind = found
            version = int.from_bytes(self.content[begin + 8 : begin + 10], "big")
            if name not in _CODECS or version not in _ENTRY or at + _ENTRY[version] > behind:
                raise Unreadable(FOREIGN)
            self.sift(at + _ENTRY[version], behind, _CODING)
            at = behind

    def _blank(self, begin: int, end: int) -> None:
        self.content[begin:end] = bytes(end - begin)


def cleaned(content: bytes) -> bytes:
    """Pure. Raises Unreadable."""
    sifting = _Sifting(bytearray(content))
    sifting.sift(0, len(content), _KEPT)
    if b"vide" in sifting.kinds:
        raise Unreadable(FILM)
    if any(kind != b"soun" for kind in sifting.kinds):  # what else was recorded along lies between the sound
        raise Unreadable(FOREIGN)
    if not sifting.kinds or len(sifting.kinds) != sifting.seen[b"trak"] or not {b"mdat", b"stsd"} <= sifting.seen.keys():
        raise Unreadable(BROKEN)
    return bytes(sifting.content)
