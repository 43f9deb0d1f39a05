"""Whether a point's work is said to be done by somebody else: 镇里自查 is not what the village does. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from handlers.quiz.recital.tokens import Speech
from storage.plan import Point

_OFFICES = {"村": "村", "屯": "村", "乡": "镇", "镇": "镇", "县": "县", "市": "县", "省": "省", "国": "国"}
"""The county of a plan may be a city of county rank: people say 市 and 县 of the same office."""
_PEOPLE = {
    "农户": "户", "群众": "户", "百姓": "户", "村民": "户", "自己": "户", "自主": "户", "干部": "干部", "网格员": "干部",
    "监测员": "干部", "工作队": "干部", "部门": "部门", "行业": "部门", "站所": "部门", "单位": "部门",
}  # fmt: skip
_DONE_TO = re.compile("(?:对|到|进|走遍|跑遍|查遍|全镇|全市|全县)?(?:所有|各个?|每个?|全部|个|全)(?:行政)?[村屯镇]")
_REACH = 7


def somebody_else(point: Point, said: Speech, start: int, end: int) -> bool:
    """Whether somebody else is named as doing a point. False if nobody is named, or within the words themselves (县里确定)."""
    first, _ = said.part(start, end)
    before = _DONE_TO.sub("", said.text(max(first, start - _REACH), start))
    return any(_differ(doers, point.text, before, said.text(start, end)) for doers in (_OFFICES, _PEOPLE))


def _differ(doers: Mapping[str, str], meant: str, before: str, words: str) -> bool:
    if not meant.startswith(tuple(doers)) or _named(doers, words):
        return False
    told = _named(doers, before)
    return bool(told) and told[-1] not in _named(doers, meant)


def _named(doers: Mapping[str, str], words: str) -> list[str]:
    """Who is named, in the order of the words."""
    found = sorted((words.rfind(name), whose) for name, whose in doers.items() if name in words)
    return [whose for _, whose in found]
