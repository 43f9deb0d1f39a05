"""Documents as bytes: the lines of a .docx, a .md, a .txt or a PDF with text in it. No network.

Everything here blocks, and is for the process of `handlers.files.outside`. Lines are made one by one, and no more of them than
may be kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

import docx
import pypdfium2
from docx.oxml.simpletypes import ST_Merge
from docx.table import Table
from docx.text.paragraph import Paragraph

from handlers.files.packed import Strange, TooMuch, looked_through
from handlers.files.word_numbers import Numbering, Styles
from handlers.handbook.passages import TextLine, is_numbered
from handlers.reading import Unreadable, tidy

ENDINGS = (".docx", ".pdf", ".md", ".txt")

_MOST_BYTES, _MOST_UNPACKED, _MOST_PARTS = 10 * 2**20, 100 * 2**20, 2_000
_MOST_PAGES, _MOST_CHARACTERS = 300, 400_000
_MOST_TAGS, _MOST_PARAGRAPHS, _MOST_RUNS, _MOST_COLUMNS = 1_000_000, 20_000, 100_000, 64
"""Of a Word file: XML tags of a part, its paragraphs and cells, its runs of one font, the columns of a table that are read."""
_LEAST_ON_A_PAGE = 20
"""Characters, on average, below which a PDF is taken for pictures of pages."""
OLD_WORD = "这是老式 .doc 或加了密码的文件。请另存为不加密的 .docx 再发来。"
BROKEN_WORD = "这个文件打不开，可能已损坏。请用 Word 或 WPS 另存为 .docx 再发来。"
_TOO_LONG = f"文件太长了，超过 {_MOST_CHARACTERS // 10_000} 万字。请分成几个文件发。"
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_SENTENCE_END = ("。", "；", "：", "！", "？", ";", ":")
_PAGE_NUMBER = re.compile(r"[-—–―\s]*(?:第\s*)?\d{1,3}(?:\s*页)?(?:\s*[/共]\s*\d{1,3}\s*页?)?[-—–―\s]*")
_LONGEST_PAGE_NUMBER = 40
_FULL_LINE = 0.8
"""Share of the longest line from which a line of a PDF is taken to go on in the next one."""
_MARKDOWN = re.compile(r"[*`]{1,3}|^(?:[-+*>]\s+)+|!?\[([^\[\]]*)\]\([^()]*\)")
"""A pair of brackets ends at the next bracket, of whatever kind: else each one would be looked for to the end of the text."""
_RULE = re.compile(r"[|:\-\s]+")


def read_policy(content: bytes) -> list[TextLine]:
    """The paragraphs of a document, told by its content and not by its name. Raises Unreadable, saying what to send."""
    if len(content) > _MOST_BYTES:
        raise Unreadable(f"文件太大了，请控制在 {_MOST_BYTES >> 20} MB 以内，或分成几个文件。")
    if content.startswith(_OLD_WORD):
        raise Unreadable(OLD_WORD)
    if content.startswith(b"PK\x03\x04"):
        lines = _docx(content)
    elif content.lstrip()[:5] == b"%PDF-":
        lines = iter(_pdf(content))
    else:
        lines = _written(_decoded(content))
    kept: list[TextLine] = []
    left = _MOST_CHARACTERS
    for line in lines:
        left -= len(line.text)
        if left < 0:
            raise Unreadable(_TOO_LONG)
        if text := tidy(line.text).replace("\n", " "):
            kept.append(TextLine(text, line.level))
    if not kept:
        raise Unreadable("文件里没有文字，请换一个再发。")
    return kept


def _docx(content: bytes) -> Iterator[TextLine]:
    try:
        parts = looked_through(
            content, parts=_MOST_PARTS, unpacked=_MOST_UNPACKED, count=(b"w:p", b"w:tc", b"w:r"), long_values=True
        )
        if not any(part.name == "word/document.xml" for part in parts):
            raise Unreadable("这不是 Word 文件。请发 .docx、.pdf、.md 或 .txt。")
        if any(
            part.tags > _MOST_TAGS
            or part.named[b"w:p"] + part.named[b"w:tc"] > _MOST_PARAGRAPHS
            or part.named[b"w:r"] > _MOST_RUNS
            for part in parts
        ):
            raise Unreadable("文件太长了，段落太多。请分成几个文件发。")
        document = docx.Document(io.BytesIO(content))
        styles, numbering = Styles(), Numbering(document)
        for block in document.iter_inner_content():
            yield from _paragraph(block, styles, numbering) if isinstance(block, Paragraph) else _table(block)
    except TooMuch:
        raise Unreadable("文件展开后太大了，请去掉图片再发来。") from None
    except Strange:
        raise Unreadable("文件里有不认识的内容，请用 Word 或 WPS 另存为 .docx 再发来。") from None
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # a forged file can break the parser anywhere
        raise Unreadable(BROKEN_WORD) from error


def _paragraph(block: Paragraph, styles: Styles, numbering: Numbering) -> Iterator[TextLine]:
    style = styles.of(block)
    level = re.fullmatch(r"(?:Heading|标题) ?(\d)", style.name)
    number = numbering.before(block, style)  # an empty paragraph counts too
    said = block.text
    text = number + said if said.strip() else ""
    yield from (TextLine(part, int(level[1]) if level else 0) for part in text.splitlines())


def _table(table: Table) -> Iterator[TextLine]:
    """Each cell with its text as often as it is wide, and below as often as it is high."""
    rows: list[list[str]] = []
    for row in table._tbl.tr_lst:
        cells: list[str] = []
        for cell in row.tc_lst:
            over = rows[-1] if rows and cell.vMerge == ST_Merge.CONTINUE else ()
            words = " ".join(text for one in cell.p_lst for text in Paragraph(one, table).text.split())
            text = over[len(cells)] if len(cells) < len(over) else words
            cells += [text] * min(cell.grid_span, _MOST_COLUMNS - len(cells))
        rows.append(cells)
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
        pages = _pages(content)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("这份 PDF 打不开，可能已损坏或加了密码。请另存一份再发来。") from error
    if sum(len("".join(page.split())) for page in pages) < _LEAST_ON_A_PAGE * len(pages):
        raise Unreadable("这份 PDF 是扫描的图片，读不出文字。请发 Word(.docx)，或能选中文字的 PDF。")
    lines = [tidy(line) for page in pages for line in page.splitlines()]
    return [TextLine(text) for text in _joined([line for line in lines if line and not _is_page_number(line)])]


def _is_page_number(line: str) -> bool:
    return len(line) <= _LONGEST_PAGE_NUMBER and _PAGE_NUMBER.fullmatch(line) is not None


def _pages(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    try:
        if len(document) > _MOST_PAGES:
            raise Unreadable(f"这份 PDF 超过 {_MOST_PAGES} 页，请分成几个文件发。")
        texts: list[str] = []
        left = _MOST_CHARACTERS
        for page in document:
            text_page = page.get_textpage()
            left -= text_page.count_chars()
            if left < 0:
                raise Unreadable(_TOO_LONG)
            texts.append(text_page.get_text_range())
            text_page.close()
            page.close()
        return texts
    finally:
        document.close()


def _joined(lines: Sequence[str]) -> list[str]:
    """The lines of pages as the paragraphs they were broken from."""
    full = _FULL_LINE * max(map(len, lines), default=0)
    paragraphs: list[list[str]] = []
    goes_on = False
    for line in lines:
        if goes_on and not is_numbered(line):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
        goes_on = len(line) >= full and not line.endswith(_SENTENCE_END)
    return ["".join(parts) for parts in paragraphs]


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
