"""What may be sent as a file, judged by its content; photos lose their size and EXIF data, sound all but what is heard."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from pathlib import PurePath
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from bot.web.bodies import TooLarge
from handlers.files.outside import read_outside
from handlers.files.reader import BROKEN_EXCEL, OLD_EXCEL
from handlers.files.sounds.clean import Make, make_of
from handlers.files.sounds.words import FILM
from handlers.handbook.document_files import BROKEN_WORD, OLD_WORD
from handlers.reading import Unreadable
from storage.database.base import Record

LONGEST = 2000
"""Pixels of a kept photo's longer side: a crack in a wall can be seen, and a village's mobile network carries it."""

_MOST_PIXELS = {"JPEG": 120_000_000, "HEIF": 60_000_000, "PNG": 25_000_000, "WEBP": 16_000_000, "GIF": 16_000_000}
"""By format, as what it costs to unpack them differs: a JPEG is unpacked at the size that is kept. What phones take fits."""

MAX_VOICE = 5 * 1024 * 1024

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_FILES = {"xl/workbook.xml": f"{_OFFICE}spreadsheetml.sheet", "word/document.xml": f"{_OFFICE}wordprocessingml.document"}
"""What a file of Excel or Word must have in it, and what it then is."""
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_MACROS = "这是带宏的 .xlsm 表格，收不了。请另存为 .xlsx 再发来。"
_BROKEN_PHOTO = "这张照片打不开，可能没有传全。请再发一次，或重新拍一张。"
_BROKEN = {".xlsx": BROKEN_EXCEL, ".csv": BROKEN_EXCEL, ".docx": BROKEN_WORD}
"""What is said of a file that by its name should be one that is taken, and by its content is none."""
_FILM = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class Unknown(Exception):
    """Neither a photo nor anything else that is taken; as text the words for its sender, if there is more to say."""


class Upload(Record):
    """A file as it will be kept."""

    content: bytes
    kind: Literal["photo", "voice", "document"]
    content_type: str


async def examined(content: bytes, name: str, *, whose: str) -> Upload:
    """As `examine`, done where files from outside are read; of one sender a file at a time."""
    try:
        return await read_outside(examine, content, name, whose=whose)
    except Unreadable as error:
        raise Unknown(str(error)) from error


def examine(content: bytes, name: str = "") -> Upload:
    """Tell what it is and make it fit to be kept. Blocking. Raises TooLarge, Unknown."""
    sound = make_of(content)
    if content[4:8] == b"ftyp" and _FILM.search(content):
        raise Unknown(FILM)
    if sound:
        if len(content) > MAX_VOICE:
            raise TooLarge(MAX_VOICE)
        return Upload(content=_said(content, sound), kind="voice", content_type=sound.content_type)
    format_ = _photo_format(content)
    if format_:
        return Upload(content=_photo(content, format_), kind="photo", content_type="image/jpeg")
    document = _document_type(content, name.lower())
    if document:
        return Upload(content=content, kind="document", content_type=document)
    raise Unknown(_BROKEN.get(PurePath(name.lower()).suffix, ""))


def _said(content: bytes, sound: Make) -> bytes:
    """The sound, without where, by what and by whom it was recorded. Raises Unknown where that can't be told apart."""
    try:
        return sound.cleaned(content)
    except Unreadable as error:
        raise Unknown(str(error)) from error


def _photo_format(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    return "HEIF" if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS else None


def _document_type(content: bytes, name: str) -> str | None:
    """Raises Unknown with what to send instead of a file that is nearly taken."""
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith(_OLD_OFFICE):
        raise Unknown(OLD_WORD if name.endswith((".doc", ".wps")) else OLD_EXCEL)
    if not content.startswith(b"PK\x03\x04"):
        return "text/plain" if _is_text(content) else None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    if "xl/vbaProject.bin" in names or (name.endswith(".xlsm") and "xl/workbook.xml" in names):
        raise Unknown(_MACROS)
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


def _photo(content: bytes, format_: str) -> bytes:
    """Return an upright JPEG without metadata. Nothing is unpacked before its size is known. Raises Unknown."""
    register_heif_opener()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limits are lower
            with Image.open(io.BytesIO(content), formats=[format_]) as image:
                if image.width * image.height > _MOST_PIXELS[format_]:
                    raise Unknown(f"这张图片太大了（{image.width}×{image.height}）。请用手机拍一张，或截图后再发。")
                image.draft("RGB", (LONGEST, LONGEST))
                image.thumbnail((LONGEST, LONGEST))
                upright = ImageOps.exif_transpose(image)
                plain = Image.new("RGB", upright.size, "white")
                seen = upright.convert("RGBA")
                plain.paste(seen, mask=seen.getchannel("A"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise Unknown(_BROKEN_PHOTO) from error
    kept = io.BytesIO()
    plain.save(kept, "JPEG", quality=85, optimize=True)
    return kept.getvalue()
