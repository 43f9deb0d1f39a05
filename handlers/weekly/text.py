"""The text of a weekly report 驻村工作周报, drafted from the week's work, and its changes by the writer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from handlers.calendar.workdays import add_workdays, is_workday
from handlers.reading import Unreadable
from handlers.wording.days import span_in_words
from storage.weekly.work import Work, WorkKind

MOST_LINES = 8
"""With what the writer adds; the draft itself has at most six."""

_DAYS = 7
_NUMERALS = "一二三四五六七八"
_LINE = re.compile(rf"第?\s*([1-8{_NUMERALS}])\s*(?:行[,，:：]?|[、.．,，:：]|\s)\s*(.*)", re.DOTALL)
_DROP = re.compile(rf"(?:删|删掉|去掉|不要)第?\s*([1-8{_NUMERALS}])\s*行?")
_GONE = ("删", "删掉", "去掉", "不要")


def monday_of(day: date) -> date:
    """The week that `day` lies in, named by its Monday."""
    return day - timedelta(days=day.weekday())


def last_workday(week: date) -> date | None:
    """The last working day of a week, exchanged weekends counted; None for a week of holidays."""
    days = (week + timedelta(days=back) for back in reversed(range(_DAYS)))
    return next((day for day in days if is_workday(day)), None)


def week_before(today: date) -> date | None:
    """The last week worked in, if `today` is the first working day since; else None."""
    if not is_workday(today):
        return None
    before = monday_of(add_workdays(today, -1))
    return before if before != monday_of(today) else None


def week_named(text: str) -> date | None:
    """The Monday named like "20221010"; None for anything else."""
    if not re.fullmatch(r"20\d{6}", text):
        return None
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return day if day.weekday() == 0 else None


def period(week: date) -> str:
    """ "10月10日至10月14日": Monday to the last working day, or to Sunday."""
    last = last_workday(week) or week + timedelta(days=_DAYS - 1)
    return span_in_words(week, last)


def draft(work: Work) -> list[str]:
    """Plain lines; what was not done is not mentioned, but for visits, which every week is asked about."""
    done = work.done
    lines = [f"有办事记录的 {work.days} 天。"] if work.days else []
    lines.append(_visits(done))
    cases = [("报线索", WorkKind.CLUE, "条"), ("办监测帮扶程序", WorkKind.STEP, "步")]
    others = [
        ("帮扶措施报进展", WorkKind.MEASURE, "项"),
        ("自查", WorkKind.SELFCHECK, "项"),
        ("答复举一反三", WorkKind.FANOUT, "件"),
    ]
    lines += [
        _counts_in_words(cases, done),
        _problems(done),
        _counts_in_words(others, done),
        _counts_in_words([("一口清答题", WorkKind.QUIZ, "道")], done),
    ]
    return [line for line in lines if line]


def _visits(done: Mapping[WorkKind, int]) -> str:
    met = done.get(WorkKind.VISIT, 0) + done.get(WorkKind.TROUBLE, 0)
    absent, trouble = done.get(WorkKind.ABSENT, 0), done.get(WorkKind.TROUBLE, 0)
    if not met + absent:
        return "本周没有登记走访。"
    parts = [f"走访 {met + absent} 户"]
    parts += [f"{absent} 户没见到人"] if absent else []
    parts += [f"{trouble} 户有困难"] if trouble else []
    return "，".join(parts) + "。"


def _problems(done: Mapping[WorkKind, int]) -> str:
    worked, submitted = done.get(WorkKind.PROBLEM, 0), done.get(WorkKind.SUBMIT, 0)
    parts = [f"推进问题整改 {worked} 个"] if worked else []
    parts += [f"提交验收 {submitted} 个"] if submitted else []
    return "，".join(parts) + ("。" if parts else "")


def _counts_in_words(kinds: Sequence[tuple[str, WorkKind, str]], done: Mapping[WorkKind, int]) -> str:
    parts = [f"{words} {done[kind]} {unit}" for words, kind, unit in kinds if done.get(kind)]
    return "，".join(parts) + ("。" if parts else "")


def apply_edit(lines: Sequence[str], said: str) -> list[str]:
    """The lines after what the writer said: "2 走访十八户" or "第二行走访十八户" replaces a line, "删2" drops it, all else is
    added at the end. Raises Unreadable where there is no such line or no more room."""
    said = " ".join(said.split())
    if dropped := _DROP.fullmatch(said):
        return _changed(lines, dropped[1], None)
    if replaced := _LINE.fullmatch(said):
        words = replaced[2].strip()
        return _changed(lines, replaced[1], None if words in _GONE else words)
    if len(lines) >= MOST_LINES:
        raise Unreadable(f"已经有 {MOST_LINES} 行了，请换掉其中一行，例如：2 走访了18户")
    return [*lines, said]


def _changed(lines: Sequence[str], numeral: str, words: str | None) -> list[str]:
    place = _NUMERALS.index(numeral) if numeral in _NUMERALS else int(numeral) - 1
    if place >= len(lines):
        raise Unreadable(f"只有 {len(lines)} 行，没有第 {place + 1} 行。要加一句就直接说。")
    if words == "":
        raise Unreadable("这一行改成什么？例如：2 走访了18户")
    if words is None and len(lines) == 1:
        raise Unreadable("只剩这一行了，换成别的话吧，例如：1 本周参加镇里培训两天")
    return [*lines[:place], *([] if words is None else [words]), *lines[place + 1 :]]


def numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{place} {line}" for place, line in enumerate(lines, 1))
