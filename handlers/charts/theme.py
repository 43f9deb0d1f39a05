"""How all charts look: sizes for a phone and for an A3 wall, and colours that survive colour-blind eyes and a grey printer.

Nothing is told by colour alone: counts are written out, lines differ by dash and marker, areas by hatch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

RGB = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ChartSheet:
    """Sizes in pixels. `small` is the least that text is ever drawn at; without a `height` the sheet is as long as needed."""

    width: int
    height: int
    dpi: int
    margin: int
    title: int
    body: int
    small: int
    line: float

    @property
    def inner(self) -> int:
        return self.width - 2 * self.margin

    def row(self, times: float = 1.0) -> float:
        """The height of a line of body text with its air."""
        return self.body * 1.6 * times


PHONE = ChartSheet(width=1080, height=0, dpi=100, margin=36, title=52, body=34, small=28, line=4)
"""28 px on 1080 are 10 on a screen 390 wide, about 1.6 mm: the size of a map's small print, with nothing below it."""
WALL = ChartSheet(width=3307, height=2339, dpi=200, margin=90, title=108, body=64, small=48, line=8)
"""A3 across at 200 dpi. 48 px are 6.1 mm, which can be read from 2 m (a letter's height should be a 350th of that, 5.7 mm)."""

INK, PAPER, GREY, FAINT, GRID = "#16202c", "#ffffff", "#56606b", "#eef1f4", "#c4cbd3"
ALARM = "#9c1515"
"""For what is overdue; always with a word or a mark beside it."""
STEPS: Sequence[str] = ("#e3eef9", "#b9d6ef", "#84b6e0", "#4a8fca", "#1f639f", "#0b3866")
"""One hue, from few to many. Lightness falls from step to step, so grey paper keeps the order."""
DONE, LEFT = STEPS[4], FAINT
HATCH = "//"

_CLOSE = 14
"""Of 255, in the part of a colour that differs most."""


def rgb(colour: str) -> RGB:
    """A colour's parts, from 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def luminance(colour: str) -> float:
    """Relative luminance from 0 to 1 (WCAG 2.1)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """Dark or light, whichever reads better on `colour`."""
    return max((INK, PAPER), key=lambda ink: contrast(ink, colour))


def palette() -> list[tuple[int, int, int]]:
    """All colours of a chart: those named above, and what lies between two of them at the edges of letters and lines.

    None is so close to a named one that it could be taken in its place.
    """
    grounds = (PAPER, FAINT, *STEPS)
    pairs = [(INK, ground) for ground in grounds] + [(PAPER, ground) for ground in STEPS]
    pairs += [(ink, PAPER) for ink in (GREY, ALARM)] + [(GREY, FAINT)]
    named = [_bytes(rgb(colour)) for colour in (*grounds, INK, GREY, GRID, ALARM)]
    between = [_mixed(rgb(one), rgb(other), part) for one, other in pairs for part in (0.2, 0.4, 0.6, 0.8)]
    return named + [mixed for mixed in between if all(_apart(mixed, colour) for colour in named)]


def _mixed(one: RGB, other: RGB, part: float) -> tuple[int, int, int]:
    red, green, blue = (mine * part + more * (1 - part) for mine, more in zip(one, other, strict=True))
    return _bytes((red, green, blue))


def _bytes(colour: RGB) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colour)
    return red, green, blue


def _apart(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(mine - more) for mine, more in zip(one, other, strict=True)) > _CLOSE


@dataclass(frozen=True, slots=True)
class Scale:
    """Which colour a count gets: `limits` are the largest count of each step."""

    limits: Sequence[int]

    def colour(self, count: int) -> str:
        """The paper itself for none."""
        if count == 0:
            return PAPER
        place = next(place for place, limit in enumerate(self.limits) if count <= limit)
        return self._colours[place]

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Each colour with the counts it stands for: "3", "3-4"."""
        firsts = [1, *(limit + 1 for limit in self.limits[:-1])]
        words = [str(last) if first == last else f"{first}-{last}" for first, last in zip(firsts, self.limits, strict=True)]
        return list(zip(self._colours, words, strict=True))

    @property
    def _colours(self) -> Sequence[str]:
        """Spread over the whole range, however few."""
        count = len(self.limits)
        return [STEPS[round(place * (len(STEPS) - 1) / max(1, count - 1))] for place in range(count)]


def scale(most: int) -> Scale:
    """Equal steps in whole numbers that reach to `most`, each number its own while there are few."""
    width = max(1, math.ceil(most / len(STEPS)))
    return Scale([width * (place + 1) for place in range(max(1, math.ceil(most / width)))])
