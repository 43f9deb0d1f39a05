"""Any chart from its figures. This is what a process that only draws runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handlers.charts import burndown, coverage, gantt, heat, village
from handlers.charts.canvas import Canvas
from handlers.charts.figures import BurnDown, Coverage, Figures, Gantt, Heat, Village
from handlers.charts.theme import ChartSheet

_DRAW: dict[type, Callable[[Any, ChartSheet], Canvas]] = {
    Heat: heat.draw,
    BurnDown: burndown.draw,
    Gantt: gantt.draw,
    Coverage: coverage.draw,
    Village: village.draw,
}


def draw(figures: Figures, sheet: ChartSheet) -> bytes:
    """The chart as a PNG."""
    return canvas_of(figures, sheet).png()


def canvas_of(figures: Figures, sheet: ChartSheet) -> Canvas:
    """The chart, not yet a file."""
    return _DRAW[type(figures)](figures, sheet)
