"""What a page may upload, judged by content and never by name; photos lose their size and their EXIF data."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError

from storage.database.base import Record

LONGEST = 2000
"""Pixels of a kept photo's longer side: a crack in a wall can be seen, and a village's mobile network carries it."""

MOST_PIXELS = 60_000_000
"""Above what phones take; what claims more is an attempt to fill the memory."""

MAX_VOICE = 5 * 1024 * 1024

_PHOTOS = ("JPEG", "PNG", "WEBP", "GIF")
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"dash")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_FILES = {"xl/workbook.xml": f"{_OFFICE}spreadsheetml.sheet", "word/document.xml": f"{_OFFICE}wordprocessingml.document"}
"""What a file of Excel or Word must have in it, and what it then is."""
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class TooLarge(Exception):
    """More than is taken; `most` in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} bytes")
        self.most = most


class Unknown(Exception):
    """Neither a photo nor anything else that is taken."""


class Upload(Record):
    """A file as it will be kept."""

    content: bytes
    kind: Literal["photo", "voice", "document"]
    content_type: str


async def limited(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes, None]:
    """The chunks, as long as they are no more than `most` bytes together.

    Of what is too much nothing is kept, but up to three times as much is read on: a phone that is cut off while it
    sends never sees the answer. Raises TooLarge.
    """
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > 4 * most:
            break
        if taken <= most:
            yield chunk
    if taken > most:
        raise TooLarge(most)


def examine(content: bytes) -> Upload:
    """Tell what it is and make it fit to be kept. Blocking. Raises TooLarge, Unknown."""
    voice = _voice_type(content)
    if voice:
        if len(content) > MAX_VOICE:
            raise TooLarge(MAX_VOICE)
        return Upload(content=content, kind="voice", content_type=voice)
    document = _document_type(content)
    if document:
        return Upload(content=content, kind="document", content_type=document)
    return Upload(content=_photo(content), kind="photo", content_type="image/jpeg")


def _voice_type(content: bytes) -> str | None:
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        return "audio/webm"
    if content.startswith(b"OggS"):
        return "audio/ogg"
    if content[4:8] == b"ftyp" and content[8:12] in _AUDIO_BRANDS:
        return "audio/mp4"
    if content.startswith(b"ID3"):
        return "audio/mpeg"
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        return "audio/wav"
    return None


def _document_type(content: bytes) -> str | None:
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if not content.startswith(b"PK\x03\x04"):
        return "text/plain" if _is_text(content) else None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    return next((kind for part, kind in _OFFICE_FILES.items() if part in names), None)


def _is_text(content: bytes) -> bool:
    """Whether it is plain text in one of the encodings of Chinese; a page with markup is not."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not content or content.lstrip().startswith(b"<") or (not marked and _NOT_IN_TEXT.search(content)):
        return False
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _photo(content: bytes) -> bytes:
    """Return an upright JPEG without metadata. Raises Unknown."""
    try:
        with Image.open(io.BytesIO(content), formats=_PHOTOS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unknown
            image.draft("RGB", (LONGEST, LONGEST))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LONGEST, LONGEST))
            plain = Image.new("RGB", upright.size, "white")
            seen = upright.convert("RGBA")
            plain.paste(seen, mask=seen.getchannel("A"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise Unknown from error
    kept = io.BytesIO()
    plain.save(kept, "JPEG", quality=85, optimize=True)
    return kept.getvalue()
