"""Small files that cost much to read, each as somebody might send it: by name, with its bytes made when wanted."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

from tests.support.documents import word

Make = Callable[[], bytes]

_DECLARED = '<?xml version="1.0"?>'
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def workbook(rows: str, sheets: int = 1) -> bytes:
    """A workbook whose sheets all point at one part with these rows, as XML."""
    places = range(1, sheets + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(f'<sheet name="S{place}" sheetId="{place}" r:id="r{place}"/>' for place in places)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(f'<Relationship Id="r{place}" Type="{_OFFICE}/worksheet" Target="sheet1.xml"/>' for place in places)
        + "</Relationships>",
        "xl/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return _packed({name: (_DECLARED + text).encode() for name, text in parts.items()})


def document(body: str) -> bytes:
    """A .docx with this body, as XML."""
    with zipfile.ZipFile(io.BytesIO(word(()))) as box:
        parts = {name: box.read(name) for name in box.namelist()}
    text = f'{_DECLARED}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return _packed(parts | {"word/document.xml": text.encode()})


def _packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in parts.items():
            box.writestr(name, content)
    return out.getvalue()


def pdf(pages: int, content: bytes, forms: int = 0) -> bytes:
    """A PDF whose pages share one content; each of the `forms` draws the next one ten times."""
    draws = b"/X Do " * 10
    packed = [zlib.compress(content)] + [zlib.compress(draws)] * forms + ([zlib.compress(content)] if forms else [])
    kids = b"3 0 R " * pages
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count %d /Kids [ %s] >>" % (pages, kids)]
    font = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    for place, stream in enumerate(packed):
        following = b"/XObject << /X %d 0 R >>" % (place + 5) if place < len(packed) - 1 else b""
        resources = b"/Resources << %s %s >>" % (font, following)
        if place == 0:
            objects.append(b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R %s >>" % resources)
        kind = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] %s" % resources if place else b""
        objects.append(b"<< %s /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (kind, len(stream), stream))
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
    return bytes(out + end % (len(objects) + 1, table, len(objects) + 1, len(out)))


def picture(kind: str, side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(out, kind)
    return out.getvalue()


_CELL = "<c><v>1</v></c>"
_WIDE = f"<w:tc><w:p><w:r><w:t>{'字' * 5000}</w:t></w:r></w:p></w:tc>"

TABLES: dict[str, Make] = {
    "ten sheets over one part.xlsx": lambda: workbook(f'<row r="1">{_CELL}</row>' * 200_000, sheets=10),
    "empty rows.xlsx": lambda: workbook('<row r="1"/>' * 3_000_000),
    "one wide row.xlsx": lambda: workbook(f"<row>{_CELL * 1_900_000}</row>"),
    "one row within the cells.xlsx": lambda: workbook(f"<row>{_CELL * 1_000_000}</row>"),
    "one long attribute.xlsx": lambda: workbook(f'<row r="1"><c r="{"A" * 29_000_000}1"><v>1</v></c></row>'),
    "a long cell.xlsx": lambda: workbook(f'<row><c t="inlineStr"><is><t>{"(" * 40_000}</t></is></c></row>' * 12),
    "commas.csv": lambda: b"," * 10_000_000,
    "lines.csv": lambda: b"\n" * 10_000_000,
    "a quote.csv": lambda: b'"' * 10_000_000,
    "brackets.csv": lambda: (b"(" * 30_000 + b",") * 60,
}
DOCUMENTS: dict[str, Make] = {
    "pictures.md": lambda: b"![" * 48_500,
    "links.md": lambda: b"[a](" * 25_000,
    "marks.md": lambda: b"-  " * 40_000,
    "digits.txt": lambda: b"1" * 390_000,
    "empty paragraphs.docx": lambda: document("<w:p/>" * 100_000),
    "runs.docx": lambda: document(f"<w:p>{'<w:r><w:t>a</w:t></w:r>' * 390_000}</w:p>"),
    "a wide cell.docx": lambda: document(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="100000000"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>'
    ),
    "nested tables.docx": lambda: document("<w:tbl><w:tr><w:tc>" * 200 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 200),
    "a heading for all.docx": lambda: document(
        f"<w:tbl><w:tr>{_WIDE * 60}</w:tr>"
        + "<w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc></w:tr>" * 9_000
        + "</w:tbl>"
    ),
    "pages.pdf": lambda: pdf(100_000, b""),
    "forms in forms.pdf": lambda: pdf(1, b"BT /F 9 Tf (a) Tj ET /X Do", forms=7),
    "one content for all.pdf": lambda: pdf(300, b"0 0 m 1 1 l S " * 200_000),
}
PICTURES: dict[str, Make] = {
    "7700.webp": lambda: picture("WEBP", 7700),
    "9000.png": lambda: picture("PNG", 9000),
    "9000.gif": lambda: picture("GIF", 9000),
}
