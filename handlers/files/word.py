"""Word files as offices print them: A4, the fonts of official documents, text that can be edited. Blocking: use a thread."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from handlers.files.characters import fit_for_file

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TITLE, BODY, LEAD, TABLE = "方正小标宋简体", "仿宋", "黑体", "宋体"
"""Fonts of GB/T 9704-2012 and its tables."""

_WESTERN = "Times New Roman"
_A4 = (Cm(21), Cm(29.7))
_MAKER = "村报"


def blank(title: str, made_at: datetime, *, margin: float) -> Document:
    """An empty A4 document; `margin` in centimetres."""
    document = docx.Document()
    [section] = document.sections
    section.page_width, section.page_height = _A4
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(margin)
    about = document.core_properties
    about.author, about.title, about.comments = _MAKER, fit_for_file(title), ""
    about.created = about.modified = made_at.astimezone(UTC).replace(tzinfo=None)
    return document


def add_paragraph(document: Document, align: WD_ALIGN_PARAGRAPH) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(0)
    return paragraph


def write(paragraph: Paragraph, text: str, *, font: str, size: int, bold: bool = False) -> None:
    """`size` in points."""
    run = paragraph.add_run(fit_for_file(text))
    run.bold = bold
    run.font.size = Pt(size)
    run.font.name = _WESTERN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)  # Word takes Chinese from here alone


def content_of(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
