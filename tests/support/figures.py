"""Measured figures against their bounds: the table on the screen and the JSON file of the bench and the soak."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value. `bound` says in words what it has to keep, empty for a figure that only informs."""

    name: str
    value: float
    unit: str = ""
    bound: str = ""
    holds: bool = True
    detail: str = ""


def at_most(name: str, value: float, unit: str, most: float, detail: str = "") -> Figure:
    return Figure(name, value, unit, f"<= {_short(most)}", value <= most, detail)


def at_least(name: str, value: float, unit: str, least: float, detail: str = "") -> Figure:
    return Figure(name, value, unit, f">= {_short(least)}", value >= least, detail)


def report(figures: Sequence[Figure], path: Path) -> bool:
    """Print the figures as a table and write them to `path`; returns whether all hold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=2) + "\n")
    sys.stdout.write(table(figures) + "\n")
    return all(figure.holds for figure in figures)


def table(figures: Sequence[Figure]) -> str:
    """One line a figure, columns aligned."""
    rows = [("name", "value", "unit", "bound", "holds", "detail"), *(_row(figure) for figure in figures)]
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(_padded, row, widths)).rstrip() for row in rows)


def _row(figure: Figure) -> tuple[str, ...]:
    holds = ("yes" if figure.holds else "NO") if figure.bound else ""
    return figure.name, _short(figure.value), figure.unit, figure.bound, holds, figure.detail


def _short(value: float) -> str:
    """Whole numbers as they are, others with three significant digits."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Columns on the screen; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
