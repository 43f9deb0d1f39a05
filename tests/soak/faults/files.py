"""Files that are small to send and endless to read, in chat."""

from __future__ import annotations

import asyncio
import io
import zipfile

from PIL import Image

from tests.soak.faults import Fault, Ground
from tests.support.tables import xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


async def _strike(ground: Ground) -> None:
    """Several people hand in tables and pictures at the same time."""
    made = await asyncio.to_thread(hostile)
    for desk, (name, content) in zip(ground.culprits, made.items(), strict=False):
        if name.endswith(".xlsx"):
            ground.api.say(desk.chat, "/indicatortable")
            await asyncio.sleep(0.5)
        ground.api.send_document(desk.chat, content, name, _XLSX if name.endswith(".xlsx") else "image/webp")
    await asyncio.sleep(ground.length)


def hostile() -> dict[str, bytes]:
    """By name."""
    rows = "".join(f'<row r="{number}"/>' for number in range(1, 600_000))
    wide = '<row r="1">' + "<c><v>1</v></c>" * 800_000 + "</row>"
    long = f'<row r="1" x="{"a" * 20_000_000}"/>'
    picture = io.BytesIO()
    Image.new("RGB", (7700, 7700), "white").save(picture, "WEBP", lossless=True)
    tables = {"空行.xlsx": rows, "一行.xlsx": wide, "长属性.xlsx": long}
    return {name: _with_sheet(_SHEET.format(body)) for name, body in tables.items()} | {"大图.webp": picture.getvalue()}


def _with_sheet(sheet: str) -> bytes:
    """A workbook whose first sheet is that."""
    plain, made = zipfile.ZipFile(io.BytesIO(xlsx(["村", "指标", "今年"]))), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name in plain.namelist():
            written.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else plain.read(name))
    return made.getvalue()


FILES = Fault("files", _strike)
