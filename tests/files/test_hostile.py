"""Small files that cost much: each is refused in words that help, or read within the limits of what comes in chat."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from bot.web.uploads import LONGEST, Unknown, examine, examined
from handlers.files.outside import TOO_COSTLY, read_outside
from handlers.files.reader import read_sheets
from handlers.handbook.documents import read_document
from handlers.reading import Unreadable
from tests.support import hostile
from tests.support.documents import word

TOO_MUCH, STRANGE, READ = "太多", "不认识的内容", ""

TABLES = {
    "ten sheets over one part.xlsx": STRANGE,
    "empty rows.xlsx": TOO_MUCH,
    "one wide row.xlsx": TOO_MUCH,
    "one row within the cells.xlsx": STRANGE,
    "one long attribute.xlsx": STRANGE,
    "a long cell.xlsx": "字太多",
    "commas.csv": TOO_MUCH,
    "lines.csv": TOO_MUCH,
    "a quote.csv": "读不懂",
    "brackets.csv": READ,
}
DOCUMENTS = {
    "pictures.md": READ,
    "links.md": READ,
    "marks.md": READ,
    "digits.txt": READ,
    "empty paragraphs.docx": "段落太多",
    "runs.docx": "段落太多",
    "a wide cell.docx": "没有文字",
    "nested tables.docx": "打不开",
    "a heading for all.docx": "太长",
    "pages.pdf": "超过 300 页",
    "forms in forms.pdf": TOO_COSTLY,
    "one content for all.pdf": TOO_COSTLY,
}


def test_every_hostile_file_has_its_right_value() -> None:
    assert (set(TABLES), set(DOCUMENTS)) == (set(hostile.TABLES), set(hostile.DOCUMENTS))


@pytest.mark.parametrize(("name", "words"), TABLES.items())
async def test_a_costly_table_is_refused_or_read(name: str, words: str) -> None:
    reading = read_outside(read_sheets, hostile.TABLES[name](), name)
    if words == READ:
        assert await reading
    else:
        with pytest.raises(Unreadable, match=words):
            await reading


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), DOCUMENTS.items())
async def test_a_costly_document_is_refused_or_read(name: str, words: str) -> None:
    reading = read_outside(read_document, hostile.DOCUMENTS[name](), name)
    if words == READ:
        head, parts = await reading
        assert head.title
        assert all(part.text for part in parts)
    else:
        with pytest.raises(Unreadable, match=words):
            await reading


@pytest.mark.parametrize("name", hostile.PICTURES)
async def test_a_costly_picture_is_refused_before_it_is_unpacked(name: str) -> None:
    with pytest.raises(Unknown, match="太大"):
        await examined(hostile.PICTURES[name](), name, whose="test:李村")


def refused(reading: Coroutine[Any, Any, object]) -> str:
    """Why a file was not read; "" if it was."""
    try:
        asyncio.run(reading)
    except Unreadable as error:
        return str(error)
    return ""


MARKS = st.text("![](){}*`#|>-+.:：。；！？\\ \t\n第条一二(（)）1９年月日号页《》〔〕Xx字", min_size=1, max_size=4)


@settings(max_examples=12)
@given(MARKS, MARKS, st.sampled_from([".md", ".txt"]))
def test_no_text_makes_an_expression_run_away(repeated: str, last: str, ending: str) -> None:
    """Whatever is repeated as often as a document may be long, it is read within the processor time for what comes in chat."""
    text = repeated * (390_000 // len(repeated)) + last
    assert refused(read_outside(read_document, text.encode(), f"文件{ending}")) != TOO_COSTLY


@settings(max_examples=10)
@given(MARKS, MARKS)
def test_no_cell_makes_an_expression_run_away(repeated: str, last: str) -> None:
    cell = '"' + (repeated * (32_000 // len(repeated)) + last).replace('"', "") + '"'
    table = ",".join([cell] * 20) + "\n"
    assert refused(read_outside(read_sheets, (table * 8).encode(), "表.csv")) != TOO_COSTLY


def test_a_numbered_document_with_merged_cells_reads_as_before() -> None:
    merged = (
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>等级</w:t></w:r></w:p></w:tc>"
        '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>补助</w:t></w:r></w:p></w:tc></w:tr>'
        '<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>C级</w:t></w:r></w:p></w:tc>'
        "<w:tc><w:p><w:r><w:t>修</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>1.5万元</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>"
        "<w:tc><w:p><w:r><w:t>建</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>3万元</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    _, parts = read_document(hostile.document(merged), "补助.docx")
    assert parts[0].text.splitlines() == ["等级：C级，补助：修，补助：1.5万元。", "等级：C级，补助：建，补助：3万元。"]


def photo(kind: str, width: int, height: int, orientation: int = 1) -> bytes:
    register_heif_opener()
    made = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    exif = made.getexif()
    exif[274] = orientation
    out = io.BytesIO()
    made.save(out, kind, quality=50, exif=exif.tobytes())
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "width", "height"), [("JPEG", 8160, 6120), ("HEIF", 4032, 3024)])
async def test_a_phones_photo_is_kept_upright_and_small(kind: str, width: int, height: int) -> None:
    kept = await examined(photo(kind, width, height, orientation=6), "", whose="test:李村")
    assert kept.kind == "photo"
    with Image.open(io.BytesIO(kept.content)) as image:
        assert (image.format, max(image.size)) == ("JPEG", LONGEST)
        assert image.height > image.width
        assert not image.getexif()


@pytest.mark.parametrize(
    "start",
    [b"ID3\x04", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80", b"#!AMR_MC", b"\0\0\0\x18ftyp3gp4", b"OggS", b"RIFF\0\0\0\0WAVE"],
)
def test_sound_is_never_taken_for_a_picture(start: bytes) -> None:
    with pytest.raises(Unknown, match="录音"):
        examine(start + bytes(100))


def test_what_is_nearly_taken_is_told_what_to_send() -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    words = {
        (old, "台账.xls"): "这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。",
        (old, "台账.xlsx"): "这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。",
        (old, "办法.doc"): "这是老式 .doc 或加了密码的文件。请另存为不加密的 .docx 再发来。",
        (hostile.workbook(""), "台账.xlsm"): "这是带宏的 .xlsm 表格，收不了。请另存为 .xlsx 再发来。",
    }
    for (content, name), said in words.items():
        with pytest.raises(Unknown, match=said):
            examine(content, name)
    assert examine(hostile.workbook(""), "台账.xlsx").kind == "document"
    assert examine(word(), "办法.docx").kind == "document"
