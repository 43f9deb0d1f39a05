"""How a day and a delay are said."""

from __future__ import annotations

from datetime import date


def deadline_in_words(deadline: date, today: date) -> str:
    left = (deadline - today).days
    if left == 0:
        return "今天到期"
    return f"{deadline:%m-%d}，" + (f"还剩 {left} 天" if left > 0 else f"逾期 {-left} 天")


def day_in_words(day: date) -> str:
    """ "10月21日": a day of the plan needs no year."""
    return f"{day.month}月{day.day}日"
