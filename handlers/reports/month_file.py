"""The monthly summary as a Word file of one A4 page that can be edited. Blocking: call it from a thread."""

from __future__ import annotations

from collections.abc import Sequence

from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.table import _Row

from handlers.files.word import BODY, LEAD, TABLE, TITLE, add_paragraph, blank, content_of, write
from handlers.reports.month_text import HEADINGS, Summary, footnote, paragraphs, period_of, table_of, title_of

# Smaller than on official documents, so that a town of twenty villages fits a page.
_TITLE_SIZE, _BODY_SIZE, _TABLE_SIZE = 20, 12, 9
_BODY_LINE = Pt(20)
_MARGIN = 2.2


def as_docx(summary: Summary) -> bytes:
    document = blank(title_of(summary), summary.made_at, margin=_MARGIN)
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.CENTER), title_of(summary), font=TITLE, size=_TITLE_SIZE)
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.CENTER), period_of(summary), font=BODY, size=_BODY_SIZE)
    for lead, text in paragraphs(summary):
        paragraph = add_paragraph(document, WD_ALIGN_PARAGRAPH.JUSTIFY)
        paragraph.paragraph_format.first_line_indent = Pt(2 * _BODY_SIZE)
        paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
        paragraph.paragraph_format.line_spacing = _BODY_LINE
        write(paragraph, lead, font=LEAD, size=_BODY_SIZE)
        write(paragraph, text, font=BODY, size=_BODY_SIZE)
    _add_table(document, table_of(summary))
    write(add_paragraph(document, WD_ALIGN_PARAGRAPH.LEFT), footnote(summary), font=TABLE, size=_TABLE_SIZE)
    return content_of(document)


def _add_table(document: Document, rows: Sequence[Sequence[str]]) -> None:
    """Nothing where there are no rows. The headings are repeated if the table runs over."""
    if not rows:
        return
    table = document.add_table(rows=1, cols=len(HEADINGS), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)
    _fill(table.rows[0], HEADINGS, bold=True)
    for row in rows:
        _fill(table.add_row(), row)


def _fill(row: _Row, texts: Sequence[str], *, bold: bool = False) -> None:
    for cell, text in zip(row.cells, texts, strict=True):
        [paragraph] = cell.paragraphs
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_after = Pt(0)
        write(paragraph, text, font=TABLE, size=_TABLE_SIZE, bold=bold)
