"""The picture of an invitation: its QR code with what it is for and until when, to be sent or printed."""

from __future__ import annotations

import asyncio
import io

import segno
from PIL import Image, ImageDraw, ImageFont

from handlers.charts.canvas import font_file
from handlers.engine.chat import Chat
from handlers.files.keeping import keep

_WIDTH = 900
"""Pixels; about 8 cm on paper at 300 dpi, and sharp when it is printed larger."""
_LINE, _MARGIN = 48, 40
_LEAST = 28


async def kept_code(chat: Chat, token: str, caption: list[str]) -> str | None:
    """The name of a kept PNG: the code, and below it the lines of `caption`. None where no platform opens links."""
    links = chat.world.join_links(token)
    if not links:
        return None
    content = await asyncio.to_thread(code_picture, links[0], caption)
    return await keep(chat.store, chat.world, content=content, content_type="image/png")


def code_picture(link: str, caption: list[str]) -> bytes:
    """A PNG: the code, and below it the lines of `caption`. Blocking."""
    code = segno.make(link, micro=False)
    scale = int((_WIDTH - 2 * _MARGIN) // code.symbol_size(border=0)[0])
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=scale, border=0)
    side = int(code.symbol_size(scale=scale, border=0)[0])
    height = side + 2 * _MARGIN + len(caption) * (_LINE + _MARGIN // 2)
    sheet = Image.new("L", (_WIDTH, height), 255)
    sheet.paste(Image.open(drawn).convert("L"), ((_WIDTH - side) // 2, _MARGIN))
    draw = ImageDraw.Draw(sheet)
    top = side + 2 * _MARGIN
    for line in caption:
        draw.text((_WIDTH // 2, top), line, fill=0, font=_fitting(draw, line), anchor="ma")
        top += _LINE + _MARGIN // 2
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _fitting(draw: ImageDraw.ImageDraw, line: str) -> ImageFont.FreeTypeFont:
    """The font in the largest size in which the line fits."""
    size = _LINE
    font = ImageFont.truetype(font_file(), size)
    while size > _LEAST and draw.textlength(line, font) > _WIDTH - _MARGIN:
        size -= 2
        font = ImageFont.truetype(font_file(), size)
    return font
