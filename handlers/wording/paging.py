"""Long lists on a phone: eight lines at a time, with buttons to the neighbours. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from storage.mail.messages import Button

T = TypeVar("T")

PAGE = 8


def page_named(text: str) -> int:
    """The page asked for; the first, where it is none."""
    return int(text) if text.isdecimal() and len(text) < 5 else 1


def is_page(text: str) -> bool:
    """Whether a word behind a command can only be a page, or is none at all."""
    return not text or (text.isdecimal() and len(text) < 5)


def page_of(listed: Sequence[T], page: int, *, command: str) -> tuple[Sequence[T], list[list[Button]]]:
    """A page of a list, and the row of buttons that leads on: `command` with a page behind it.

    For a list that is read page by page, `listed` is the range of its places.
    """
    last = max(1, -(-len(listed) // PAGE))
    page = min(max(page, 1), last)
    turn = [Button(label="上一页", says=f"{command} {page - 1}")] if page > 1 else []
    turn += [Button(label=f"下一页（{page}/{last}）", says=f"{command} {page + 1}")] if page < last else []
    return listed[(page - 1) * PAGE : page * PAGE], [turn] if turn else []
