"""A publicity 公示 as a Word file, ready to print on A4. Blocking: call it from a thread."""

from __future__ import annotations

from datetime import datetime

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from handlers.cases.publicity_text import Publicity
from handlers.files.word import BODY, TITLE, add_paragraph, blank, content_of, write

_TITLE_SIZE, _BODY_SIZE = 22, 16
"""Points; size 2 and size 3 of official documents (GB/T 9704-2012)."""
_LINE = 1.75
_MARGIN = 2.8


def as_docx(publicity: Publicity, made_at: datetime) -> bytes:
    document = blank(publicity.title, made_at, margin=_MARGIN)
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.CENTER), publicity.title, font=TITLE, size=_TITLE_SIZE)
    *body, signed, day = publicity.lines
    for line in body:
        paragraph = add_paragraph(document, WD_ALIGN_PARAGRAPH.JUSTIFY)
        paragraph.paragraph_format.first_line_indent = Pt(2 * _BODY_SIZE)
        paragraph.paragraph_format.line_spacing = _LINE
        write(paragraph, line, font=BODY, size=_BODY_SIZE)
    for line in (signed, day):
        write(add_paragraph(document, WD_ALIGN_PARAGRAPH.RIGHT), line, font=BODY, size=_BODY_SIZE)
    return content_of(document)
