"""How a day, a moment, a span of days and a delay are said; delays in working days. Pure."""

from __future__ import annotations

from datetime import date, datetime

from handlers.calendar.workdays import workdays_between


def day_in_words(day: date) -> str:
    """ "10月21日": a day of the plan needs no year."""
    return f"{day.month}月{day.day}日"


def full_day_in_words(day: date) -> str:
    """ "2022年10月21日", for what is read years later: documents, consents, policies."""
    return f"{day.year}年{day_in_words(day)}"


def moment_in_words(at: datetime) -> str:
    """ "10月21日 08:05"."""
    return f"{day_in_words(at)} {at:%H:%M}"


def span_in_words(first: date, last: date) -> str:
    """ "10月12日至10月31日", or the day where it is one."""
    return day_in_words(first) if first == last else f"{day_in_words(first)}至{day_in_words(last)}"


def deadline_in_words(deadline: date, today: date) -> str:
    """ "10月21日，还剩 7 个工作日", "10月12日，逾期 6 个工作日", or "今天到期"."""
    if deadline == today:
        return "今天到期"
    return f"{day_in_words(deadline)}，{time_left_in_words(deadline, today)}"


def time_left_in_words(deadline: date, today: date) -> str:
    """ "还剩 7 个工作日", "逾期 6 个工作日", or "今天到期"."""
    if deadline == today:
        return "今天到期"
    count = workdays_between(min(deadline, today), max(deadline, today))
    workdays = f" {count} 个工作日" if count else "不到 1 个工作日"
    return ("还剩" if deadline > today else "逾期") + workdays


def years_between(born: date, today: date) -> int:
    """Full years, as an age is told."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
