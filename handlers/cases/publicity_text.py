"""The text of the publicity 公示 of a case.

The publicity never shows ID number, phone, bank account or health (Qin'an county's published rules), hangs in the village
only, and is written from the roster and the plan alone, so that nothing somebody typed can slip into it. Pure.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from handlers.wording.days import day_in_words, full_day_in_words


class Publicity(NamedTuple):
    """`lines` are paragraphs below the title; the last two, place and day, stand on the right."""

    title: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join([self.title, *self.lines])


def write_publicity(
    village: str, house: str, kinds: tuple[str, ...], *, clearing: bool, first: date, last: date, objections_to: str
) -> Publicity:
    """`kinds` are labels that may be shown; `objections_to` is whom to tell, such as the town's office."""
    about = "拟消除风险" if clearing else "拟纳入防返贫监测"
    why = f"（{'、'.join(kinds)}）" if kinds and not clearing else ""
    return Publicity(
        f"{village}{about}对象公示",
        (
            f"经入户核查、农户授权和村民评议，{house}{about}{why}，现予公示。",
            f"公示时间：{full_day_in_words(first)}至{day_in_words(last)}。",
            f"有不同意见，请在公示期内向村委会或{objections_to}提出。",
            f"{village}村民委员会",
            full_day_in_words(first),
        ),
    )
