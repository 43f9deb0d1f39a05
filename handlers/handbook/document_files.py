"""Documents as bytes: the lines of a .docx, a .md, a .txt or a PDF with text in it. No network. Blocking: use a thread."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator, Sequence

import docx
import pypdfium2
from docx.table import Table
from docx.text.paragraph import Paragraph

from handlers.files.word_numbers import Numbering
from handlers.handbook.passages import TextLine, is_numbered
from handlers.reading import Unreadable, tidy

ENDINGS = (".docx", ".pdf", ".md", ".txt")

_MOST_BYTES, _MOST_UNPACKED, _MOST_PARTS = 10 * 2**20, 100 * 2**20, 2_000
_MOST_PAGES, _MOST_CHARACTERS = 300, 400_000
_LEAST_ON_A_PAGE = 20
"""Characters, on average, below which a PDF is taken for pictures of pages."""
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_DOCTYPE = b"<!DOCTYPE"
_SENTENCE_END = ("。", "；", "：", "！", "？", ";", ":")
_PAGE_NUMBER = re.compile(r"[-—–―\s]*(?:第\s*)?\d{1,3}(?:\s*页)?(?:\s*[/共]\s*\d{1,3}\s*页?)?[-—–―\s]*")
_FULL_LINE = 0.8
"""Share of the longest line from which a line of a PDF is taken to go on in the next one."""
_MARKDOWN = re.compile(r"[*`]{1,3}|^(?:[-+*>]\s+)+|!?\[([^\]]*)\]\([^)]*\)")
_RULE = re.compile(r"[|:\-\s]+")

_pdfium = threading.Lock()
"""PDFium must not be entered by two threads at once."""


def read_policy(content: bytes) -> list[TextLine]:
    """The paragraphs of a document, told by its content and not by its name. Raises Unreadable, saying what to send."""
    if len(content) > _MOST_BYTES:
        raise Unreadable(f"文件太大了，请控制在 {_MOST_BYTES >> 20} MB 以内，或分成几个文件。")
    if content.startswith(_OLD_WORD):
        raise Unreadable("这是老式 .doc 或加了密码的文件。请另存为不加密的 .docx 再发来。")
    if content.startswith(b"PK\x03\x04"):
        lines = _docx(content)
    elif content.lstrip()[:5] == b"%PDF-":
        lines = _pdf(content)
    else:
        lines = list(_written(_decoded(content)))
    lines = [TextLine(text, line.level) for line in lines if (text := tidy(line.text).replace("\n", " "))]
    if not lines:
        raise Unreadable("文件里没有文字，请换一个再发。")
    if sum(len(line.text) for line in lines) > _MOST_CHARACTERS:
        raise Unreadable(f"文件太长了，超过 {_MOST_CHARACTERS // 10_000} 万字。请分成几个文件发。")
    return lines


def _docx(content: bytes) -> list[TextLine]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as box:
            parts = box.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
                raise Unreadable("文件展开后太大了，请去掉图片再发来。")
            if "word/document.xml" not in box.namelist():
                raise Unreadable("这不是 Word 文件。请发 .docx、.pdf、.md 或 .txt。")
            if any(_DOCTYPE in box.read(part) for part in parts if part.filename.endswith((".xml", ".rels"))):
                raise Unreadable("文件里有不认识的内容，请用 Word 或 WPS 另存为 .docx 再发来。")
        document = docx.Document(io.BytesIO(content))
        numbering = Numbering(document)
        return [line for block in document.iter_inner_content() for line in _block(block, numbering)]
    except Unreadable:
        raise
    except Exception as error:  # a forged file can break the parser anywhere
        raise Unreadable("这个文件打不开，可能已损坏。请用 Word 或 WPS 另存为 .docx 再发来。") from error


def _block(block: Paragraph | Table, numbering: Numbering) -> Iterator[TextLine]:
    if isinstance(block, Paragraph):
        style = (block.style.name or "") if block.style is not None else ""
        level = re.fullmatch(r"(?:Heading|标题) ?(\d)", style)
        number = numbering.before(block)  # an empty paragraph counts too
        text = number + block.text if block.text.strip() else ""
        yield from (TextLine(part, int(level[1]) if level else 0) for part in text.splitlines())
        return
    rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in block.rows]
    yield from (TextLine(text) for text in _rows(rows))


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table as sentences: each row with the headings of its columns, so that a figure is found with what it is."""
    if len(rows) < 2:
        yield from ("，".join(dict.fromkeys(filter(None, row))) for row in rows)
        return
    head, *below = rows
    for row in below:
        cells = [f"{name}：{cell}" if name and name != cell else cell for name, cell in zip(head, row, strict=False) if cell]
        yield "，".join(dict.fromkeys(cells)) + "。"


def _pdf(content: bytes) -> list[TextLine]:
    try:
        with _pdfium:
            pages = _pages(content)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("这份 PDF 打不开，可能已损坏或加了密码。请另存一份再发来。") from error
    if sum(len("".join(page.split())) for page in pages) < _LEAST_ON_A_PAGE * len(pages):
        raise Unreadable("这份 PDF 是扫描的图片，读不出文字。请发 Word(.docx)，或能选中文字的 PDF。")
    lines = [tidy(line) for page in pages for line in page.splitlines()]
    return [TextLine(text) for text in _joined([line for line in lines if line and not _PAGE_NUMBER.fullmatch(line)])]


def _pages(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    try:
        if len(document) > _MOST_PAGES:
            raise Unreadable(f"这份 PDF 超过 {_MOST_PAGES} 页，请分成几个文件发。")
        texts = []
        for page in document:
            text_page = page.get_textpage()
            texts.append(text_page.get_text_range())
            text_page.close()
            page.close()
        return texts
    finally:
        document.close()


def _joined(lines: Sequence[str]) -> list[str]:
    """The lines of pages as the paragraphs they were broken from."""
    full = _FULL_LINE * max(map(len, lines), default=0)
    paragraphs: list[str] = []
    goes_on = False
    for line in lines:
        if goes_on and not is_numbered(line):
            paragraphs[-1] += line
        else:
            paragraphs.append(line)
        goes_on = len(line) >= full and not line.endswith(_SENTENCE_END)
    return paragraphs


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable("这个文件的文字读不懂。请用 Word 或 WPS 另存为 .docx 再发来。")


def _written(text: str) -> Iterator[TextLine]:
    """The lines of plain text or Markdown."""
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        line = line.strip()
        if line.startswith("|"):
            if not _RULE.fullmatch(line):
                table.append([_plain(cell) for cell in line.strip("|").split("|")])
            continue
        yield from (TextLine(row) for row in _rows(table))
        table = []
        heading = re.match(r"(#{1,6})\s+", line)
        level = len(heading[1]) if heading else 0
        yield TextLine(_plain(line[heading.end() :] if heading else line), level)


def _plain(text: str) -> str:
    return _MARKDOWN.sub(r"\1", text.strip()).strip()
