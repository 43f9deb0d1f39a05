"""Tables as offices send them, and invented numbers to fill them with."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import openpyxl

from handlers.reading.identity import check_digit


def xlsx(*rows: Sequence[object], change: Callable[[openpyxl.Workbook], None] = lambda book: None) -> bytes:
    """A workbook of one sheet with these rows; `change` does to it what else a test wants."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cells(content: bytes) -> list[tuple[object, ...]]:
    """The rows of a workbook's first sheet."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))


def id_number(serial: int) -> str:
    """A valid, invented ID number."""
    body = f"220881198001{serial // 1000 % 28 + 1:02}{serial % 1000:03}"
    return body + check_digit(body)
