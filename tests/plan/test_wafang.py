"""The Wafang plan played from its first day to its last: what was said, and what eight people were reminded of each day.

`tests/transcripts/wafang/story.txt` and `reminders.txt` are meant to be read. CUNBAO_RECORD=1 writes them anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from handlers.calendar.planning import plan_deadline
from storage.database.base import SHANGHAI, new_id
from storage.people.persons import Role
from storage.people.reach import Reach
from storage.problems.records import NewProblem
from storage.problems.states import ProblemState
from storage.roster import household_row, households
from storage.store import Store
from tests.support.cases import case_after
from tests.support.plan import BAITA, WAFANG
from tests.support.town import Town
from tests.support.transcripts import play

FOLDER = Path(__file__).parents[1] / "transcripts" / "wafang"
FIRST, LAST = date(2022, 9, 30), date(2022, 11, 15)
WATCHED = ("李村", "赵村", "孙村", "周镇", "郑市", "王建", "冯水", "陈医")
HOMES = 3
"""Households of each village that the town of the tests does not have."""

STORY: dict[str, tuple[str, ...]] = {
    "10-12": (
        "张三 = 户号 1001",
        "曾国强 = 户号 1003",
        "# 农户自己申报，五句话",
        "张三> /selfreport", "张三> 2", "张三> 房子漏雨，住不了人", "张三> 跳过", "张三> 1",
        "曾国强> /selfreport", "曾国强> 6", "曾国强> 今年收成不好", "曾国强> 跳过", "曾国强> 1",
    ),
    "10-13": (
        "# 村里入户核查：一户属实，一户不属实",
        "李村> /clue 1", "李村> [属实]", "李村> 屋顶漏雨，梁已腐", "李村> 1",
        "赵村> /clue 2", "赵村> [不属实]", "赵村> 儿子每月寄钱，收入够用", "赵村> 1",
        "# 不按程序，办不了",
        "李村> /nominate 1",
        "# 农户在自己手机上授权",
        "张三> /clue 1", "张三> [看看同意什么]", "张三> 同意",
    ),
    "10-14": (
        "# 民主评议、公示",
        "李村> /deliberate 1", "李村> 到会32人，同意30人，反对1人", "李村> 📷", "李村> 完成", "李村> 1",
        "李村> [村内公示]", "李村> 已张贴",
        "# 不属实的那户提出异议，镇里答复",
        "曾国强> /clue 2", "曾国强> [我不同意]", "曾国强> 儿子今年没有活干了，没寄钱",
        "周镇> [答复异议]", "周镇> 维持", "周镇> 核对了工资流水，儿子每月都有收入",
    ),
    "10-20": (
        "# 公示满五天，提名；镇里复核",
        "李村> /publicize 1", "李村> 1", "李村> [村提名单]", "李村> 提名",
        "周镇> /town_review", "周镇> 通过",
    ),
    "10-21": ("# 市里确定", "郑市> /county_decide", "郑市> 确定"),
    "10-24": (
        "# 录入国家系统",
        "周镇> /register 1", "周镇> JC2208810001", "周镇> 突发严重困难户",
        "# 缺什么补什么：住房一项，单项措施",
        "李村> [帮扶]", "李村> [加措施]", "李村> 1", "李村> 10月31日", "李村> 1",
    ),
    "10-28": (
        "# 房子修好了",
        "王建> [报进展]", "王建> 📷", "王建> 东屋已翻修，验收合格", "王建> 100", "王建> 1",
    ),
    "10-26": (
        "# 全家没有人能劳动的，不能消除风险",
        "李村> /clear 3",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.sqlite_only
async def test_the_plan_from_its_first_day_to_its_last(town: Town) -> None:
    await _settle_villages(town)
    story: list[str] = []
    reminders: list[str] = []
    for day in _days():
        reminders += await _reminded(town, day, time(7, 30))
        town.now = datetime.combine(day, time(9), SHANGHAI)
        key = f"{day:%m-%d}"
        story += await _work(town, key)
        if key in STORY:
            played = await play(town, [f"-- {town.now:%Y-%m-%d %H:%M}", *STORY[key]], restart=False)
            story += played
        reminders += await _reminded(town, day, time(17))
    story += await _ending(town)
    _check(FOLDER / "reminders.txt", reminders)
    _check(FOLDER / "story.txt", story)


async def _settle_villages(town: Town) -> None:
    """A cadre and some households for each of the other villages, a hard case from before, and the ledger."""
    town.now = datetime.combine(FIRST, time(7), SHANGHAI)
    plan = town.world.plan
    async with town.transaction() as tx, tx.session("test", "villages") as session:
        store = Store(session)
        for place, village in enumerate(plan.villages):
            if village.code in (BAITA, WAFANG):
                continue
            name = _cadre(village.name)
            town.people[name] = store.people.add(name)
            store.people.appoint(town.people[name], Role.VILLAGE, region=village.code)
            for home in range(HOMES):
                number = 3000 + 10 * place + home
                row = {"number": number, "village": village.code, "group_name": "一屯", "head": f"示例{number}"}
                session.add(households, household_row(new_id(), row))
        session.touch("roster")
    for name in town.people:
        await town.bind(name)


async def _work(town: Town, day: str) -> list[str]:
    """What is done by many, or was there before: told in a line."""
    heard: list[str] = []
    match day:
        case "10-12":
            await _ledger(town)
            return [f"-- 2022-{day} 台账来了三个问题"]
        case "10-17":
            lines = await _hard_case(town)
            for said in ("/sample", "10月17日福彩3D 5 2 8", "1"):
                heard = await town.say("郑市", said)
            told = [*_heard("郑市", heard), *_heard("周镇", town.unread("周镇"))]
            return [f"-- 2022-{day} {lines}；市里公布种子，抽好样", *told]
        case "10-18":
            for name in _cadres(town):
                await _sweep(town, name)
            return [f"-- 2022-{day} 各村入户排查", *_heard("周镇", await town.say("周镇", "/coverage"))]
        case "10-19":
            for village in town.world.plan.villages:
                for said in ("/supervise", village.name, "入户三户，看了台账", "没有", "1"):
                    heard = await town.say("周镇", said)
            return [f"-- 2022-{day} 镇里督导全覆盖", *_heard("周镇", heard)]
        case "10-25":
            await _rectify(town)
            return [f"-- 2022-{day} 三个问题整改、验收、销号"]
        case "10-27":
            while "查完了" not in (asked := " ".join(await town.say("郑市", "/check"))):
                while "属实吗" not in asked:  # which village, which household
                    asked = " ".join(await town.say("郑市", "1"))
                await town.say("郑市", "属实")
            return [f"-- 2022-{day} 市里抽查入户", *_heard("郑市", await town.say("郑市", "/sample"))]
    return []


async def _ending(town: Town) -> list[str]:
    async with town.transaction() as tx, tx.session("test", "look") as session:
        open_states = [state for state in ProblemState if state is not ProblemState.CLOSED]
        _, left = await Store(session).problems.within([Reach(region="220881100")], open_states, most=1)
    assert left == 0
    return [f"-- {LAST} 全镇情况", *_heard("周镇", await town.say("周镇", "/overview"))]


async def _ledger(town: Town) -> None:
    texts = (
        ("屋顶漏雨", BAITA, "housing", 21),
        ("自来水时断时续", WAFANG, "water", 26),
        ("慢病随访没跟上", BAITA, "health", 28),
    )
    async with town.transaction() as tx, tx.session("test", "ledger") as session:
        store = Store(session)
        for text, region, unit, last in texts:
            new = NewProblem(
                source="ten_tasks", item="2.4", region=region, description=text, units=(unit,),
                deadline=date(2022, 10, last),
            )  # fmt: skip
            problem = await store.problems.add(new, store.problems.fingerprint(text))
            plan_deadline(
                store.reminders,
                town.world.plan,
                subject="problem",
                subject_id=str(problem.id),
                deadline=new.deadline,
                now=town.now,
            )


async def _hard_case(town: Town) -> str:
    """A household with nobody able to work, registered long ago."""
    home, now = await town.household(1002), town.now
    async with town.transaction() as tx, tx.session("test", "case") as session:
        await Store(session).households.correct(home.id, able_to_work=False)
    await case_after(town, kinds=("income",), number=1002)
    town.now = now
    return "3号：整户无劳动能力的一户，早已纳入监测"


async def _sweep(town: Town, name: str) -> None:
    while "没有要走访" not in (heard := " ".join(await town.say(name, "/sweep"))):
        assert "还有" in heard
        await town.say(name, "1")
        await town.say(name, "没有变化")


async def _rectify(town: Town) -> None:
    for number, name in ((1, "李村"), (2, "孙村"), (3, "赵村")):
        await town.say(name, f"/progress {number} done")
        await town.send_photo(name, f"{number}".encode())
        await town.say(name, "已经做完，现场看过")
        await town.say(name, "1")
        await town.say("吴镇", f"/accept {number} ok")


def _cadre(village: str) -> str:
    return f"{village.removesuffix('村')}干部"


def _cadres(town: Town) -> list[str]:
    return ["李村", "孙村", *(name for name in town.people if name.endswith("干部"))]


def _days() -> Iterator[date]:
    for number in range((LAST - FIRST).days + 1):
        yield FIRST + timedelta(days=number)


async def _reminded(town: Town, day: date, at: time) -> list[str]:
    """Let the timed jobs run, and give what the eight got by them."""
    _forget(town)
    town.now = datetime.combine(day, at, SHANGHAI)
    await town.tick()
    told = [f"{name}< {line}" for name in WATCHED for line in town.unread(name) if line.startswith("【今日提醒】")]
    _forget(town)
    return [f"-- {day} 周{'一二三四五六日'[day.weekday()]} {at:%H:%M}", *told] if told else []


def _heard(name: str, lines: list[str]) -> list[str]:
    return [f"{name}< {line}" for line in lines]


def _forget(town: Town) -> None:
    for name in list(town.inboxes):
        town.unread(name)


def _check(path: Path, told: list[str]) -> None:
    if os.environ.get("CUNBAO_RECORD"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(told) + "\n")
    assert told == path.read_text().splitlines()
