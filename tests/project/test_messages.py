"""How many messages a job costs, step by step and said in one sentence: the figures of docs/messages.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.problems import add
from tests.support.town import Town

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"


class Job(NamedTuple):
    """What somebody does, step by step and in one sentence; `[label]` is a button. Both end with `done`."""

    title: str
    who: str
    steps: Sequence[str]
    sentence: Sequence[str]
    done: str


JOBS = (
    Job(
        "Report a risk", "李村",
        ("/report", "张三", "住房安全", "房子漏雨", "跳过", "[提交]"), ("张三家房子漏雨", "[提交]"), "已上报，编号",
    ),
    Job(
        "Report one's own difficulty", "张三",
        ("/selfreport", "住房安全", "房子漏雨", "跳过", "[提交]"), ("房子漏雨了", "[提交]"), "收到了，编号",
    ),
    Job(
        "Report progress", "李村",
        ("/progress", "1号", "瓦铺上了，80%"), ("1号瓦铺了八成了", "[提交]"), "80%",
    ),
    Job(
        "Say that a problem is solved", "李村",
        ("/progress", "1号", "瓦铺完了", "[100%，提交验收]", "[提交]"), ("1号整改完了", "[提交]"), "提交验收",
    ),
    Job("Record a visit", "李村", ("/sweep", "曾国强", "没有变化"), ("曾国强家去过了，没问题", "[提交]"), "记下了"),
    Job("Take leave", "李村", ("/leave", "明天", "明天", "赵村", "[提交]"), ("明天请假", "赵村", "[提交]"), "已告诉镇里"),
    Job("Look a policy up", "李村", ("/policy", "小额信贷"), ("小额信贷最多贷多少",), "信贷"),
)  # fmt: skip


@pytest.mark.sqlite_only
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.title.replace(" ", "_"))
@pytest.mark.parametrize("way", ["steps", "sentence"])
async def test_a_job_costs_what_the_table_says(town: Town, job: Job, way: str) -> None:
    await town.join_household("张三", 1001)
    await add(town)
    said = ""
    messages = job.steps if way == "steps" else job.sentence
    for message in messages:
        heard = town.press(job.who, message[1:-1]) if message.startswith("[") else town.say(job.who, message)
        said = "\n".join(await heard)
    assert job.done in said
    assert str(len(messages)) == _table()[job.title][0 if way == "steps" else 1]


def test_the_table_has_these_jobs() -> None:
    assert {job.title for job in JOBS} <= set(_table())


def _table() -> dict[str, tuple[str, str]]:
    rows = re.findall(r"^\| ([A-Z][^|]+) \| (\d+)[^|]*\| (\d+)[^|]*\|", PAGE.read_text(), re.MULTILINE)
    return {title.strip(): (before, after) for title, before, after in rows}
