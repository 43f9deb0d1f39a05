"""Figures that must not fall: entered in one sentence, asked about when they fall, and shown with the falls first."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.indicators.trends import Trend, entered_by, falls_first, read_figure, total
from handlers.reading import Unreadable
from storage.database import audit
from storage.people.persons import Person, Post, Role
from storage.plan import Indicator
from storage.store import Store
from tests.support import tables
from tests.support.plan import BAITA, PLAN
from tests.support.town import VAULT, Town


async def figures(town: Town) -> dict[tuple[int, str, str], tuple[int, str]]:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        found = await Store(session).indicators.of([2021, 2022], "220881100")
    return {key: (one.value, one.reason) for key, one in found.items()}


def xlsx(*rows: Sequence[object]) -> bytes:
    return tables.xlsx(("村", "指标", "去年", "今年", "减少原因"), *rows)


@pytest.mark.parametrize(
    ("text", "code", "value", "year"),
    [
        ("公益岗位 12", "posts", 12, 2022),
        ("去年务工人数是三十人", "workers", 30, 2021),
        ("2021年帮扶车间 3个", "workshops", 3, 2021),
        ("帮扶车间 35人", "workshop_workers", 35, 2022),
        ("小额信贷：1,200户", "loans", 1200, 2022),
    ],
)
def test_a_figure_is_understood_as_people_say_it(text: str, code: str, value: int, year: int) -> None:
    one, found, when = read_figure(text, PLAN.indicators, 2022)
    assert (one.code, found, when) == (code, value, year)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("帮扶车间 3", "还是"),
        ("气象 3", "没有「气象」"),
        ("公益岗位", "一起说"),
        ("12", "一起说"),
        ("2019年公益岗位 3", "只填"),
    ],
)
def test_what_is_not_understood_is_explained(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        read_figure(text, PLAN.indicators, 2022)


trends = st.builds(Trend, st.none() | st.integers(0, 20), st.none() | st.integers(0, 20))


@given(st.lists(trends))
def test_falls_come_first_and_nobody_is_left_out_of_the_total(listed: list[Trend]) -> None:
    ordered = [one.falls for one in sorted(listed, key=falls_first)]
    assert ordered == sorted(ordered, reverse=True)
    found = total(listed)
    assert found.lacking == sum(one.change is None for one in listed)
    assert (found.trend.change or 0) == sum(one.change or 0 for one in listed)


def test_a_unit_enters_the_figures_of_its_own_tasks() -> None:
    insured = Indicator(code="insured", title="参保人数", item="2.3", unit="人")
    plan = PLAN.model_copy(update={"indicators": (*PLAN.indicators, insured)})

    def mine(role: Role, unit: str | None = None) -> list[str]:
        post = Post(id=1, person_id=1, role=role, region="220881100", unit=unit)
        return [one.code for one in entered_by(Person(id=1, name="某人", posts=(post,)), plan)]

    assert mine(Role.UNIT, "labor") == ["insured"]
    assert mine(Role.UNIT, "water") == []
    assert mine(Role.VILLAGE) == [one.code for one in PLAN.indicators]


async def test_a_village_enters_in_one_message_and_a_fall_is_asked_back(town: Town) -> None:
    assert "公益岗位人数" in (await town.say("李村", "填指标"))[-1]
    assert "去年 12人" in (await town.say("李村", "去年公益岗位 12"))[-1]
    await town.say("李村", "/indicator")
    [asked] = await town.say("李村", "公益岗位 10")
    assert "比去年少 2人（去年 12，今年 10），确定吗？" in asked
    [done] = await town.say("李村", "两人外出务工")
    assert "今年 10人 ▼2" in done
    [news] = town.unread("周镇")
    assert "【指标减少】白塔村 公益岗位人数 去年 12 今年 10 ▼2 / 原因：两人外出务工" in news
    assert await figures(town) == {(2021, BAITA, "posts"): (12, ""), (2022, BAITA, "posts"): (10, "两人外出务工")}
    async with town.database.read() as conn:
        assert not await audit.verify(conn, VAULT)


@pytest.mark.sqlite_only
async def test_through_choices_and_back(town: Town) -> None:
    await town.say("李村", "/indicator")
    assert "帮扶车间个数今年是多少个" in (await town.press("李村", "帮扶车间个数"))[-1]
    assert "例如" in (await town.say("李村", "很多"))[-1]
    await town.say("李村", "去年 3个")
    await town.say("李村", "/indicator")
    await town.press("李村", "帮扶车间个数")
    await town.say("李村", "2")
    await town.press("李村", "上一步")
    await town.press("李村", "帮扶车间个数")
    assert "▲1" in (await town.say("李村", "4"))[-1]
    assert town.unread("周镇") == []


@pytest.mark.sqlite_only
async def test_a_table_comes_in_once_and_the_town_sees_falls_first(town: Town) -> None:
    content = xlsx(
        ("白塔村", "公益岗位人数", 12, 10, "退出两人"),
        ("瓦房村", "公益岗位人数", 5, 9),
        ("白塔村", "帮扶车间个数", None, None),
        ("白搭村", "公益岗位人数", 1, 1),
        ("瓦房村", "没有的指标", 1, 1),
        ("瓦房村", "小额信贷户数", "很多", 1),
    )
    await town.say("周镇", "/indicatortable")
    template = await town.press("周镇", "要模板")
    assert "📎指标模板.xlsx" in "".join(template)
    [seen] = await town.send_document("周镇", content, "指标.xlsx")
    assert "新增 2 行，更新 0 行，不变 0 行，有误 3 行" in seen
    assert "第 5 行「村」方案里没有「白搭村」这个村" in seen
    assert "1 项比去年少" in seen
    done = (await town.press("周镇", "提交"))[-1]
    assert "📎指标-导入结果.xlsx" in done
    assert [text for text in town.unread("吴镇") if "白塔村 公益岗位人数 去年 12 今年 10 ▼2" in text]
    await town.say("周镇", "/indicatortable")
    assert "新增 0 行，更新 0 行，不变 2 行" in (await town.send_document("周镇", content, "指标.xlsx"))[-1]
    await town.press("周镇", "取消")
    [overview] = await town.say("周镇", "/indicators")
    assert "公益岗位人数 去年 17 今年 19 ▲2(1 村减少，15 村没填全)" in overview
    by_village = (await town.press("周镇", "公益岗位人数"))[-1]
    assert "减少的在前： / 白塔村 去年 12 今年 10 ▼2" in by_village
    assert "[下一页（1/3）]" in by_village
    last = (await town.say("周镇", "/indicators posts 16"))[-1]
    assert "瓦房村 去年 5 今年 9 ▲4" in last


@pytest.mark.sqlite_only
async def test_a_village_imports_only_its_own_and_sees_its_own(town: Town) -> None:
    await town.say("李村", "/indicatortable")
    content = xlsx(("白塔村", "公益岗位人数", 3, 4), ("瓦房村", "公益岗位人数", 5, 9))
    [seen] = await town.send_document("李村", content, "指标.xlsx")
    assert "新增 1 行" in seen
    assert "不由您填" in seen
    await town.press("李村", "提交")
    assert set(await figures(town)) == {(2021, BAITA, "posts"), (2022, BAITA, "posts")}
    [mine] = await town.say("李村", "/indicators")
    assert "白塔村：" in mine
    assert "公益岗位人数 去年 3 今年 4 ▲1" in mine


@pytest.mark.sqlite_only
async def test_who_has_no_figure_to_enter_is_told_so(town: Town) -> None:
    assert "没有由您填的指标" in (await town.say("冯水", "/indicator"))[-1]
    assert "没有这一项" in (await town.say("郑市", "/indicator"))[-1]
    assert "没有这一项" in (await town.say("周镇", "/indicators nothing"))[-1]
