"""A time axis: the place of each day, names of days below, and bands of several days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.charts.canvas import Canvas, fitted, width_of
from handlers.charts.figures import Band
from handlers.charts.theme import FAINT, GREY, HATCH, INK
from storage.database.base import SHANGHAI

_HALF = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Days:
    """`first` begins at `left`, `last` ends at `right`."""

    first: date
    last: date
    left: float
    right: float

    def at(self, moment: datetime) -> float:
        """Kept within the sheet."""
        begins = datetime.combine(self.first, time(), SHANGHAI)
        whole = ((self.last - self.first).days + 1) * 86_400
        part = (moment - begins).total_seconds() / whole
        return self.left + (self.right - self.left) * min(1.0, max(0.0, part))

    def begin(self, day: date) -> float:
        return self.at(datetime.combine(day, time(), SHANGHAI))

    def middle(self, day: date) -> float:
        return self.at(datetime.combine(day, time(), SHANGHAI) + _HALF)

    def end(self, day: date) -> float:
        return self.begin(day + timedelta(days=1))

    def has(self, day: date) -> bool:
        return self.first <= day <= self.last


def name_days(canvas: Canvas, days: Days, y: float, wanted: Iterable[tuple[date, str]]) -> None:
    """Days with a word behind some, the most important first. One that would touch another goes a line lower if it has a
    word, else it is left out."""
    size = canvas.sheet.small
    taken: list[tuple[int, float, float]] = []
    for day, word in wanted:
        words = f"{day:%m-%d}{word}"
        half = width_of(words, size) / 2
        middle = min(max(days.middle(day), half + size / 3), canvas.width - half - size / 3)
        left, right = middle - half - size / 2, middle + half + size / 2
        free = [line for line in range(2 if word else 1) if all(_apart(one, line, left, right) for one in taken)]
        if days.has(day) and free:
            taken.append((free[0], left, right))
            canvas.text(middle, y + size * 1.4 * free[0], words, size, INK if word else GREY, "center")
            x = days.middle(day)
            canvas.line([x, x], [y - size * 0.95, y - size * 0.65], GREY, width=0.4)


def _apart(other: tuple[int, float, float], line: int, left: float, right: float) -> bool:
    return other[0] != line or right < other[1] or left > other[2]


def lanes_of(bands: Sequence[Band]) -> list[int]:
    """The lane of each band, so that none overlap. `bands` are in the order of their first days."""
    ends: list[date] = []
    lanes = []
    for band in bands:
        lane = next((place for place, last in enumerate(ends) if last < band.first), len(ends))
        ends[lane : lane + 1] = [band.last]
        lanes.append(lane)
    return lanes


def _alternating(lanes: Sequence[int]) -> list[bool]:
    """Whether each band is hatched, so that neighbours in a lane differ."""
    return [lanes[:place].count(lane) % 2 == 1 for place, lane in enumerate(lanes)]


def draw_bands(canvas: Canvas, days: Days, bands: Sequence[Band], top: float, lane: float) -> None:
    """Named bands, told apart by hatch and by their names; a name longer than its band is cut."""
    size, lanes = canvas.sheet.small, lanes_of(bands)
    for band, number, hatched in zip(bands, lanes, _alternating(lanes), strict=True):
        left, right, y = days.begin(band.first), days.end(band.last), top + lane * number
        canvas.box(left, y, right - left, lane * 0.86, FAINT, GREY, HATCH if hatched else "")
        words, _ = fitted(band.name, size, right - left - size * 0.6, size)
        if len(words) > 1:  # one character alone, or the mark of cut words, names nothing
            write = canvas.label if hatched else canvas.text  # letters are not read on hatching
            write((left + right) / 2, y + lane * 0.43, words, size, align="center")
