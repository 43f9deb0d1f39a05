"""Documents as offices send them, made for tests: a .docx and a PDF with text, or with pictures alone."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path

import docx

RULES = (
    "瓦房镇人民政府文件",
    "瓦政发〔2022〕60号",
    "瓦房镇城乡居民",
    "医疗保险报销办法",
    "第一条 为做好医保工作，制定本办法。",
    "第二条 报销比例",
    "住院报销比例：乡镇卫生院为90%，县级医院为75%，市外医院为60%。",
    "第三条 慢病门诊",
    "慢病门诊每人每年最多报销3000元。慢病包括：",
    "（一）高血压；",
    "（二）糖尿病。",
    "瓦房镇人民政府",
    "2022年10月8日",
)
TABLE = (("房屋等级", "补助标准"), ("C级", "每户1.5万元"), ("D级", "每户3万元"))


def word(paragraphs: Sequence[str] = RULES, table: Sequence[Sequence[str]] = ()) -> bytes:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        made = document.add_table(len(table), len(table[0]))
        for row, texts in zip(made.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines; without any, it is a page as a scanner makes it."""
    import matplotlib  # slow to import, and wanted by few tests
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    spec = importlib.util.find_spec("zhplot")
    assert spec is not None
    font = FontProperties(fname=str(next((Path(str(spec.origin)).parent / "fonts").glob("*.ttf"))))
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # keeps what the glyphs mean
        page = Figure(figsize=(8.27, 11.69))
        FigureCanvasPdf(page)
        for place, line in enumerate(lines):
            page.text(0.1, 0.9 - 0.03 * place, line, fontproperties=font)
        out = io.BytesIO()
        page.savefig(out, format="pdf")
    return out.getvalue()
