"""A sheet to draw on, in pixels from its upper left corner; text is fitted to its place."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

from handlers.charts.theme import INK, PAPER, ChartSheet, palette

_FONT = "NotoSansSC-Regular.ttf"
_MISSING = "〓"
"""What Chinese type puts where it has no glyph."""
_EM = 100
_NOT_FIRST = "，。、；：！？）》」』”’%"
"""What no line begins with."""

Dash = str | tuple[int, tuple[int, ...]]
"""A name of matplotlib's, or an offset and the lengths of dashes and gaps."""

Side = Literal["left", "center", "right"]


class Canvas:
    """One picture. Sizes of text are pixels; `figure` holds all that was drawn."""

    def __init__(self, sheet: ChartSheet, height: float = 0) -> None:
        """`height` counts where the sheet has none of its own."""
        self.sheet = sheet
        self.width = float(sheet.width)
        self.height = float(sheet.height or round(height))
        self.figure = Figure(figsize=(self.width / sheet.dpi, self.height / sheet.dpi), dpi=sheet.dpi, facecolor=PAPER)
        self._canvas = FigureCanvasAgg(self.figure)
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, self.width)
        self._axes.set_ylim(self.height, 0)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 0,
        colour: str = INK,
        align: Side = "left",
        width: float | None = None,
    ) -> float:
        """One line of words, `y` its middle; returns how wide it became.

        Within `width` it is made smaller down to the sheet's smallest size, and then cut.
        """
        words, size = printable(words), size or self.sheet.body
        if width is not None:
            words, size = fitted(words, size, width, self.sheet.small)
        points = size * 72 / self.sheet.dpi
        self._axes.text(
            x, y, words, fontproperties=_font(), fontsize=points, color=colour, ha=align, va="center_baseline",
            parse_math=False, zorder=3,
        )  # fmt: skip
        return width_of(words, size)

    def label(self, x: float, y: float, words: str, size: float, align: Side = "left") -> None:
        """A line of words on a strip of paper, so that no line crosses it."""
        width = width_of(printable(words), size)
        left = {"left": x, "center": x - width / 2, "right": x - width}[align]
        self.box(left - size / 6, y - size * 0.65, width + size / 3, size * 1.3, layer=2.7)
        self.text(x, y, words, size, align=align)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str = PAPER,
        edge: str | None = None,
        hatch: str = "",
        round_by: float = 0,
        layer: float = 1,
    ) -> None:
        """A rectangle from its upper left corner; `hatch` is drawn in the colour of the edge.

        A higher `layer` covers lower ones.
        """
        look: dict[str, Any] = {
            "facecolor": fill, "edgecolor": edge or fill, "linewidth": (self.sheet.line / 3 if edge else 0) * self._point,
            "hatch": hatch or None, "hatch_linewidth": self.sheet.line / 3 * self._point, "zorder": layer,
        }  # fmt: skip
        if round_by:
            style = f"round,pad=0,rounding_size={round_by}"
            self._axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, mutation_aspect=1, **look))
        else:
            self._axes.add_patch(Rectangle((x, y), width, height, **look))

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str = INK,
        dash: Dash = "-",
        marker: str = "",
        width: float = 1,
        every: int = 1,
    ) -> None:
        """`width` in parts of the sheet's usual line; a marker at each `every`-th point."""
        weight = self.sheet.line * width * self._point
        self._axes.plot(
            xs, ys, color=colour, linestyle=dash, marker=marker or None, markevery=every, linewidth=weight,
            markersize=weight * 3, zorder=2, clip_on=False,
        )  # fmt: skip

    def mark(self, x: float, y: float, marker: str, size: float, fill: str = INK, edge: str = INK) -> None:
        """A single sign, `size` pixels high."""
        self._axes.plot(
            [x], [y], marker=marker, markersize=size * self._point, markerfacecolor=fill, markeredgecolor=edge,
            markeredgewidth=self.sheet.line / 2 * self._point, zorder=2.5, clip_on=False,
        )  # fmt: skip

    def png(self) -> bytes:
        """The picture in the colours of the charts alone, which keeps it small, at its size for printing."""
        self._canvas.draw()  # type: ignore[no-untyped-call]
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        picture = Image.frombytes("RGBA", (round(self.width), round(self.height)), bytes(pixels)).convert("RGB")
        out = io.BytesIO()
        few = Image.new("P", (1, 1))
        few.putpalette([part for colour in palette() for part in colour])
        picture.quantize(palette=few, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True, dpi=(self.sheet.dpi, self.sheet.dpi)
        )
        return out.getvalue()

    @property
    def _point(self) -> float:
        """A pixel in points, matplotlib's measure for lines."""
        return 72 / self.sheet.dpi


def printable(words: str) -> str:
    """On one line, each character for which the font has no glyph replaced."""
    return "".join(char if _has(char) else _MISSING for char in " ".join(words.split()))


def width_of(words: str, size: float) -> float:
    """The width of a line, in pixels."""
    return sum(map(_advance, words)) * size


def fitted(words: str, size: float, width: float, least: float) -> tuple[str, float]:
    """The words and their size so that they fit: smaller, and where even `least` is too large, cut with an ellipsis."""
    needed = width_of(words, size)
    if needed <= width:
        return words, size
    size = max(least, size * width / needed)
    if width_of(words, size) > width + 0.5:
        while words and width_of(f"{words}…", size) > width:
            words = words[:-1]
        words += "…"
    return words, size


def wrapped(words: str, size: float, width: float, most: int) -> list[str]:
    """The words broken into at most `most` lines of about the same length; what is left over stays on the last."""
    total = width_of(words, size)
    count = min(most, max(1, -int(-total // width)))
    lines: list[str] = []
    line = ""
    for char in words:
        full = width_of(line + char, size) > width or width_of(line, size) >= total / count
        if full and len(lines) < count - 1:
            kept = 1 if char in _NOT_FIRST else 0
            lines.append(line[: len(line) - kept])
            line = line[len(line) - kept :]
        line += char
    return [*lines, line]


@cache
def font_file() -> Path:
    """The Chinese font that comes with the package `zhplot`, which is not imported: it would set up a global pyplot."""
    spec = importlib.util.find_spec("zhplot")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package zhplot, which has the font, is not installed")
    return Path(spec.submodule_search_locations[0]) / "fonts" / _FONT


@cache
def _font() -> FontProperties:
    return FontProperties(fname=font_file())


@cache
def _glyphs() -> FT2Font:
    font = FT2Font(font_file())
    font.set_size(_EM, 72)
    return font


@lru_cache(maxsize=4096)
def _has(char: str) -> bool:
    return char == " " or _glyphs().get_char_index(ord(char)) != 0


@lru_cache(maxsize=4096)
def _advance(char: str) -> float:
    """In parts of the size."""
    return float(_glyphs().load_char(ord(char if _has(char) else _MISSING)).linearHoriAdvance) / 65536 / _EM
