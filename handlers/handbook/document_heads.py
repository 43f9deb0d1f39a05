"""Reads the title, number and date of an official document (GB/T 9704). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from handlers.handbook.passages import TextLine, is_numbered
from handlers.reading import Unreadable, read_id_number
from handlers.reading.numerals import parse_numeral

LONGEST_TITLE = 100
_MOST_NUMBER = 60
_HEAD = 15
"""Lines in which the title and the number are looked for."""

_NUMBER = re.compile(r"[\u4e00-\u9fff]{1,12}(?:\([\u4e00-\u9fff]{1,6}\))?[〔\[（(﹝【]\s?\d{4}\s?[〕\]）)﹞】]\s?第?\d{1,5}号")
_KINDS = re.compile(
    "(?:方案|通知|办法|意见|规定|细则|条例|措施|政策|标准|规划|指南|手册|制度|规程|清单|问答|明白卡|公告|通告|决定|计划)"
    "(?:\\([^()]{1,20}\\)|（[^（）]{1,20}）)?$"
)
_DATE = re.compile(
    r"(\d{4}|[一二三四五六七八九〇○零]{4})年(\d{1,2}|[一二三四五六七八九十]{1,3})月(\d{1,2}|[一二三四五六七八九十]{1,3})日"
)
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?![\dA-Za-z])")
_NO_TITLE = ("文件", "：", ":", "。", "；", "号")
_MARKS_AROUND = "《》#* "


@dataclass(frozen=True, slots=True)
class Head:
    """`number` is "" and `dated` None where the document names none."""

    title: str
    number: str
    dated: date | None


def read_head(lines: Sequence[TextLine], file_name: str) -> Head:
    """The title falls back on the first line, and on the file's name."""
    first = list(lines[:_HEAD])
    found = next((match for line in first if (match := _NUMBER.search(line.text))), None)
    number = re.sub(r"\s", "", found[0])[:_MOST_NUMBER] if found else ""
    return Head(_title(first) or _stem(file_name), number, _signed_on(lines))


def body(lines: Sequence[TextLine], head: Head) -> list[TextLine]:
    """The document without what stands above and below its text: name of the office, number, title, signature."""
    dates = [place for place, line in enumerate(lines) if _is_date(line.text)]
    signature = {*dates, *(place - 1 for place in dates if place and _may_sign(lines[place - 1]))}
    return [
        line
        for place, line in enumerate(lines)
        if place not in signature and not (place < _HEAD and _is_above(line.text.strip(_MARKS_AROUND), head))
    ]


def _is_above(text: str, head: Head) -> bool:
    return text in head.title or text.endswith("文件") or bool(_NUMBER.fullmatch(text))


def _may_sign(line: TextLine) -> bool:
    return len(line.text) <= 20 and not re.search("[，。；：,;:]", line.text) and not is_numbered(line.text)


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text.strip(" ()（）")))


def has_id_number(lines: Sequence[TextLine]) -> bool:
    """Whether somebody's ID number stands in it."""
    return any(_is_id_number(found) for line in lines for found in _ID_NUMBER.findall(line.text))


def _is_id_number(text: str) -> bool:
    try:
        read_id_number(text)
    except Unreadable:
        return False
    return True


def _title(first: Sequence[TextLine]) -> str:
    texts = [line.text.strip(_MARKS_AROUND) for line in first]
    for place, (line, text) in enumerate(zip(first, texts, strict=True)):
        if line.level == 1 or (_KINDS.search(text) and not is_numbered(text) and len(text) <= LONGEST_TITLE):
            before = texts[place - 1] if place else ""
            whole = before + text if before and line.level != 1 and _may_go_on(before) else text
            return whole.strip(_MARKS_AROUND)[:LONGEST_TITLE]
    usable = (text for text in texts if text and not _NUMBER.search(text) and len(text) <= LONGEST_TITLE)
    return next((text for text in usable if not text.endswith(_NO_TITLE) and not is_numbered(text)), "")


def _may_go_on(text: str) -> bool:
    """Whether a line may be the first half of a title that is broken in two."""
    return not text.endswith(_NO_TITLE) and not _NUMBER.search(text) and not _DATE.search(text) and len(text) <= 40


def _stem(file_name: str) -> str:
    return file_name.rpartition(".")[0][:LONGEST_TITLE].strip() or "政策文件"


def _signed_on(lines: Sequence[TextLine]) -> date | None:
    """The date that stands on a line of its own: that of the signature, which comes last."""
    for line in reversed(lines):
        if found := _DATE.fullmatch(line.text.strip(" ()（）")):
            year, month, day = (_figure(part) for part in found.groups())
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


def _figure(text: str) -> int:
    if text.isdecimal():
        return int(text)
    if len(text) == 4:
        return int("".join(str("〇一二三四五六七八九".index(digit)) for digit in text.replace("○", "〇").replace("零", "〇")))
    return int(parse_numeral(text) or 0)
