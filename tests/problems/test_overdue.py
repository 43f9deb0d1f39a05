"""What is late: the town and the county see it from their to-do list, the worst first."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from handlers.engine.words import NOT_YOURS
from storage.database.base import SHANGHAI
from tests.support.plan import WAFANG
from tests.support.problems import add, submit
from tests.support.town import Town


async def test_todo_leads_to_what_the_villages_are_late_with(town: Town) -> None:
    late = await add(town, "屋顶漏雨", deadline=date(2022, 10, 13))
    await add(town, "井水发黄", region=WAFANG, units=("water",), deadline=date(2022, 10, 14))
    await add(town, "还早", deadline=date(2022, 10, 25))
    await add(town, "今天到期", deadline=date(2022, 10, 18))
    submitted = await add(town, "已交", deadline=date(2022, 10, 12))
    await submit(town, submitted)
    town.now = datetime(2022, 10, 18, 9, tzinfo=SHANGHAI)
    for name in ("周镇", "郑市"):
        listed = (await town.say(name, "/todo"))[-1]
        assert listed.endswith("[村里逾期 2 件]")
        [shown] = await town.press(name, "村里逾期 2 件")
        assert "逾期没整改完的有 2 件，最久的在前" in shown
        first, second = (shown.index("屋顶漏雨 10月13日，逾期 3 个工作日"), shown.index("井水发黄 10月14日，逾期 2 个工作日"))
        assert first < second
        assert "今天到期" not in shown
        assert "已交" not in shown
    assert "逾期" in (await town.press("郑市", f"{late.number}号 白塔村 屋顶漏雨 10月13日，逾期 3 个工作日"))[-1]
    assert "[验收 5号 白塔村 已交" in (await town.say("周镇", "/todo"))[-1]


@pytest.mark.sqlite_only
async def test_pages(town: Town) -> None:
    for number in range(9):
        await add(town, f"问题{number}", deadline=date(2022, 10, 3 + number))
    first = (await town.say("郑市", "逾期"))[-1]
    assert "有 9 件，最久的在前" in first
    assert first.index("问题0") < first.index("问题7")
    second = (await town.press("郑市", "下一页（1/2）"))[-1]
    assert "问题7" not in second
    assert "问题8" in second
    assert "下一页" not in second
    assert "[上一页]" in second


@pytest.mark.sqlite_only
async def test_nothing_late_is_no_button_and_villages_have_no_such_list(town: Town) -> None:
    await add(town)
    for name in ("周镇", "郑市"):
        assert await town.say(name, "/todo") == ["没有要办的事。"]
        assert await town.say(name, "/overdue") == ["没有逾期的问题。"]
    assert await town.say("李村", "/overdue") == [NOT_YOURS]
    assert "逾期" not in "".join(await town.say("李村", "/todo"))
