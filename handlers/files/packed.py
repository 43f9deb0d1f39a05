"""Files of Excel and Word as packages of XML parts: looked through before any of them is parsed. Pure."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

_STEP = 4 * 2**20
_LONG = 8192
_OVERLAP = 2 * _LONG
"""Bytes: more than anything that is looked for."""
_DOCTYPE = b"<!DOCTYPE"
"""It can blow up in memory."""
_TWO_BYTES = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
_ENCODING = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"'](?!(?:utf-8|us-ascii|ascii|iso-8859-1|gb18030|gbk|gb2312)[\"'])", re.I)
"""Text that is not of single bytes would be counted wrongly."""
_LONG_VALUE = re.compile(rb"=(?<!sqref=)(?:\"[^\"<]{%d}|'[^'<]{%d})" % (_LONG, _LONG))
"""No attribute of a table is so long, but for the cells that a format is for; libraries take them apart with expressions."""


class TooMuch(Exception):
    """More than may be unpacked."""


class Strange(Exception):
    """Something is in it that none of the usual programs writes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a package: how many tags it has, closing ones too, and how many of the names asked for."""

    name: str
    tags: int
    named: dict[bytes, int]


def looked_through(content: bytes, *, parts: int, unpacked: int, count: tuple[bytes, ...], long_values: bool) -> list[Part]:
    """The parts with how many tags each has, those in `count` by name. Nothing is unpacked before its size is known.

    Raises TooMuch for more than so many `parts`, or `unpacked` bytes in all; Strange, also for long values of attributes
    where there may be none; what `zipfile` raises.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as box:
        listed = box.infolist()
        if len(listed) > parts or sum(part.file_size for part in listed) > unpacked:
            raise TooMuch
        return [_part(box, part, count, long_values=long_values) for part in listed]


def _part(box: zipfile.ZipFile, part: zipfile.ZipInfo, count: tuple[bytes, ...], *, long_values: bool) -> Part:
    opened, named = 0, dict.fromkeys(count, 0)
    for place, (data, new) in enumerate(_pieces(box, part)):
        if place == 0:
            if data.startswith(_TWO_BYTES) or _ENCODING.search(data, 0, 200):
                raise Strange(part.filename)
            if not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
                break  # a picture, or settings of a printer: no XML
        if _DOCTYPE in data or (not long_values and _has_long_value(data)):
            raise Strange(part.filename)
        opened += data.count(b"<", new)
        for name in count:
            named[name] += sum(data.count(b"<" + name + end, max(0, new - len(name) - 1)) for end in (b" ", b">", b"/"))
    return Part(part.filename, opened, named)


def _has_long_value(data: bytes) -> bool:
    """Only where there is no tag for long, which is nowhere in most files, it is worth a closer look."""
    half = _LONG // 2
    gaps = any(data.find(b"<", at, at + half) < 0 for at in range(0, len(data) - half, half))
    return gaps and _LONG_VALUE.search(data) is not None


def _pieces(box: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """The unpacked bytes in pieces that overlap, each with where what is new in it begins."""
    with box.open(part) as unpacked:
        before = b""
        while new := unpacked.read(_STEP):
            yield before + new, len(before)
            before = (before + new)[-_OVERLAP:]
