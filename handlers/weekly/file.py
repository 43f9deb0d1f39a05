"""A week's reports of all villages as one Word file. Blocking: call it from a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from handlers.files.word import BODY, LEAD, TITLE, add_paragraph, blank, content_of, write

_TITLE_SIZE, _BODY_SIZE = 20, 12
_MARGIN = 2.5


def as_docx(title: str, period: str, villages: Mapping[str, Sequence[tuple[str, Sequence[str]]]], made_at: datetime) -> bytes:
    """`villages`: by name, who wrote and what."""
    document = blank(title, made_at, margin=_MARGIN)
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.CENTER), title, font=TITLE, size=_TITLE_SIZE)
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.CENTER), period, font=BODY, size=_BODY_SIZE)
    for village, reports in villages.items():
        write(add_paragraph(document, WD_ALIGN_PARAGRAPH.LEFT), village, font=LEAD, size=_BODY_SIZE)
        for name, lines in reports:
            paragraph = add_paragraph(document, WD_ALIGN_PARAGRAPH.JUSTIFY)
            paragraph.paragraph_format.first_line_indent = Pt(2 * _BODY_SIZE)
            write(paragraph, f"{name}：{''.join(lines)}", font=BODY, size=_BODY_SIZE)
    return content_of(document)
