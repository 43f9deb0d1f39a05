"""The wall charts as pictures: nothing cut off, nothing over anything else, no missing glyph, no colour that misleads."""

from __future__ import annotations

import functools
import io
import warnings
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from handlers.charts.canvas import Canvas, fitted, font_file, printable, width_of, wrapped
from handlers.charts.common import chart_in_words
from handlers.charts.draw import canvas_of, draw
from handlers.charts.theme import (
    ALARM,
    DONE,
    FAINT,
    GREY,
    INK,
    PAPER,
    PHONE,
    STEPS,
    WALL,
    ChartSheet,
    contrast,
    ink_on,
    luminance,
    rgb,
    scale,
)
from tests.support.charts import CHARTS

SHEETS = {"phone": PHONE, "wall": WALL}
SMALLEST = {"phone": 28, "wall": 200 / 25.4 * 5.7}
"""Pixels: 10 on a screen 390 wide; on the wall 5.7 mm, which can be read from 2 m."""
LEAST_CONTRAST = 4.5
"""WCAG 2.1, success criterion 1.4.3 (AA) for text."""

# Linear RGB as people without one kind of cone see it (Viénot, Brettel, Mollon 1999).
PROTANOPIA = ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0))
DEUTERANOPIA = ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0))

each_chart = pytest.mark.parametrize("name", CHARTS)
each_sheet = pytest.mark.parametrize("sheet", SHEETS)


@functools.cache
def _drawn(name: str, wall: bool) -> bytes:
    return draw(CHARTS[name], WALL if wall else PHONE)


def _texts(canvas: Canvas) -> list[tuple[str, float, Bbox]]:
    """Each text with its size in pixels and where it lies."""
    found = [one for one in canvas.figure.findobj(Text) if one.get_text()]
    dpi = canvas.sheet.dpi
    return [(one.get_text(), float(one.get_fontsize()) * dpi / 72, one.get_window_extent()) for one in found]


@each_sheet
@each_chart
def test_every_word_is_large_enough_whole_on_the_sheet_and_over_no_other(name: str, sheet: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that is missing
        canvas = canvas_of(CHARTS[name], SHEETS[sheet])
        texts = _texts(canvas)
    assert any("截至 2022年10月20日 08:00" in words for words, _, _ in texts)
    assert any("台账同一口径" in words for words, _, _ in texts)
    for words, size, box in texts:
        assert size >= SMALLEST[sheet] - 0.01, words
        assert box.x0 >= 0, words
        assert box.y0 >= 0, words
        assert box.x1 <= canvas.width, words
        assert box.y1 <= canvas.height, words
    for place, (words, _, box) in enumerate(texts):
        for other, _, more in texts[place + 1 :]:
            assert not _overlap(box, more), (words, other)


def _overlap(one: Bbox, other: Bbox) -> bool:
    """Glyphs do not fill their boxes to the edge."""
    slack = 4
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    return bool(across > slack and min(one.y1, other.y1) - max(one.y0, other.y0) > slack)


@pytest.mark.parametrize("name", ["heat, full", "gantt", "coverage, none"])
def test_the_files_have_the_size_of_phone_and_wall_and_are_small(name: str) -> None:
    phone, wall = _drawn(name, False), _drawn(name, True)
    assert len(phone) <= 200_000
    assert len(wall) <= 500_000
    assert Image.open(io.BytesIO(phone)).width == 1080
    printed = Image.open(io.BytesIO(wall))
    across, down = (pixels / dpi * 25.4 for pixels, dpi in zip(printed.size, printed.info["dpi"], strict=True))
    assert (round(across), round(down)) == (420, 297)
    assert printed.info["dpi"][0] >= 199.9
    assert printed.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_the_picture_shows_the_very_colours_of_the_scale() -> None:
    picture = Image.open(io.BytesIO(_drawn("heat, full", False))).convert("RGB")
    found = {colour for _, colour in picture.getcolors(1 << 24) or []}
    assert {tuple(round(255 * part) for part in rgb(colour)) for colour in STEPS} <= found


@each_chart
def test_each_chart_says_its_state_in_few_words_too(name: str) -> None:
    words = chart_in_words(CHARTS[name])
    assert 0 < len(words.splitlines()) <= 2
    assert len(words) < 80


def test_more_is_darker_for_everybody_and_on_a_grey_printer() -> None:
    assert all(luminance(darker) < luminance(lighter) for lighter, darker in pairwise((PAPER, *STEPS)))
    for sight in (PROTANOPIA, DEUTERANOPIA):
        seen = [_seen(colour, sight) for colour in (PAPER, *STEPS)]
        assert all(darker < lighter - 0.03 for lighter, darker in pairwise(seen)), sight


def _seen(colour: str, sight: tuple[tuple[float, ...], ...]) -> float:
    """The luminance that is left of a colour."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    red, green, blue = (sum(part * weight for part, weight in zip(linear, row, strict=True)) for row in sight)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_stands_out_from_its_ground() -> None:
    for ground in (PAPER, FAINT, *STEPS):
        assert contrast(ink_on(ground), ground) >= LEAST_CONTRAST, ground
    for ink, ground in ((INK, PAPER), (GREY, PAPER), (ALARM, PAPER)):
        assert contrast(ink, ground) >= LEAST_CONTRAST
    assert contrast(DONE, FAINT) >= 3, "WCAG 1.4.11: bars against their ground"


@given(st.integers(1, 5_000))
def test_a_scale_reaches_to_the_most_in_no_more_steps_than_there_are_and_never_falls(most: int) -> None:
    made = scale(most)
    assert len(made.limits) <= len(STEPS)
    assert made.limits[-1] >= most
    lights = [luminance(made.colour(count)) for count in (0, *made.limits)]
    assert lights == sorted(set(lights), reverse=True)
    assert made.colour(1) != PAPER


def test_a_character_that_the_font_lacks_is_replaced_and_a_rare_one_is_not() -> None:
    assert printable("䶮村") == "䶮村"
    assert printable("𠮷村\n二屯") == "〓村 二屯"
    assert font_file().is_file()


@given(st.text("白塔村第12生产队𠮷…“三保障”，。 ", max_size=40), st.floats(60, 600), st.integers(1, 3))
def test_words_are_made_to_fit_and_lose_nothing_but_their_end(words: str, width: float, lines: int) -> None:
    shown, size = fitted(words, 34, width, 28)
    assert 28 <= size <= 34
    assert width_of(shown, size) <= width + 1
    assert words.startswith(shown.removesuffix("…")) or shown == words
    parts = wrapped(words, 34, width, lines)
    assert "".join(parts) == words
    assert len(parts) <= lines


@pytest.mark.parametrize("sheet", [PHONE, WALL])
def test_a_line_never_begins_with_a_closing_mark(sheet: ChartSheet) -> None:
    parts = wrapped("“三保障”和饮水安全，不落一户", sheet.small, sheet.small * 4.2, 3)
    assert not any(part.startswith(("”", "，")) for part in parts)
