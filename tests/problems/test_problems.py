"""Problems from claim to closing, as the people of a small town meet them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from storage.database import audit
from storage.database.base import to_base36
from storage.database.session import Conflict
from storage.problems.records import Problem
from storage.problems.states import Action, ProblemState
from storage.store import Store
from tests.support.plan import WAFANG
from tests.support.problems import actions, add, history, read, submit
from tests.support.town import VAULT, Town
from tests.support.transcripts import check

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts" / "rectify").glob("*.txt"))
NOT_YOURS = "没有这一项"


async def reminded(town: Town, problem: Problem) -> bool:
    """Whether there are reminders to come for it."""
    async with town.transaction() as tx, tx.session("test", "read") as session:
        return any(subject == str(problem.id) for subject, _, _ in await Store(session).reminders.known("problem"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(path: Path, restart: bool, town: Town) -> None:
    """As tests.engine.test_transcripts, in a town that has three problems on its ledger."""
    await add(town)
    await add(town, "自来水时断时续", item="2.5", units=("water",), deadline=date(2022, 10, 14))
    await add(town, "卫生室缺常用药", item="2.2", region=WAFANG, units=("health",))
    await check(path, town, restart=restart)


async def test_progress_is_a_tap_and_a_sentence(town: Town) -> None:
    await add(town)
    await town.say("李村", "/progress 1")
    [heard] = await town.say("李村", "东屋已重铺瓦，西屋还没动，五成")
    assert "50%" in heard
    assert "50%" in (await town.say("李村", "/problem 1"))[-1]


async def test_first_progress_claims_and_takes_four_messages_from_the_view(town: Town) -> None:
    problem = await add(town)
    assert "屋顶漏雨" in "".join(await town.say("李村", "/problem 1"))
    await town.press("李村", "报进展")
    await town.say("李村", "瓦已买好")
    await town.press("李村", "50%")
    assert "记下了" in (await town.press("李村", "提交"))[-1]
    found = await read(town, problem)
    assert (found.state, found.percent) == (ProblemState.WORKING, 50)
    assert await actions(town, problem) == [Action.CLAIM, Action.PROGRESS]


async def test_photos_may_come_before_with_or_after_the_words(town: Town) -> None:
    problem = await add(town)
    await town.say("李村", "/progress 1")
    await town.send_photo("李村", b"before")
    await town.say("李村", "瓦已买好")
    await town.send_photo("李村", b"after")
    await town.send_place("李村", 45.6, 122.8)
    summary = (await town.say("李村", "三成"))[-1]
    assert "进度 30%" in summary
    assert "照片 2 张，有定位" in summary
    await town.press("李村", "提交")
    shown = await town.say("周镇", "/problem 1")
    assert sum("📎照片" in line for line in shown) == 2
    assert (await history(town, problem))[-1].place is not None


async def test_the_whole_way_from_claim_over_return_to_closing(town: Town) -> None:
    problem = await add(town)
    await town.say("王建", f"/claim {to_base36(problem.id)}")
    await submit(town, problem)
    assert not await reminded(town, problem)
    [asked] = town.unread("周镇")
    assert "【请验收】1号 白塔村" in asked
    assert "瓦已换好" in asked

    await town.press("周镇", "退回")
    await town.say("周镇", "照片看不清")
    assert await reminded(town, problem)
    for name in ("李村", "王建"):
        assert "原因：照片看不清" in town.unread(name)[-1]

    await submit(town, problem)
    assert "已销号" in (await town.press("吴镇", "验收通过"))[-1]
    assert "【验收通过】" in town.unread("李村")[-1]
    assert not await reminded(town, problem)
    found = await read(town, problem)
    assert (found.state, found.percent, found.closed_at) == (ProblemState.CLOSED, 100, town.now)
    assert await actions(town, problem) == [
        Action.CLAIM, Action.PROGRESS, Action.SUBMIT, Action.RETURN, Action.PROGRESS, Action.SUBMIT, Action.ACCEPT,
    ]  # fmt: skip


async def test_the_second_of_two_officers_hears_what_the_first_did(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    assert "周镇已在 10月12日 09:00 验收通过" in (await town.press("吴镇", "验收通过"))[-1]
    assert (await actions(town, problem)).count(Action.ACCEPT) == 1
    assert "您已在" in (await town.press("周镇", "退回"))[-1]


async def test_an_officer_who_writes_a_reason_meanwhile_hears_it_too(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("吴镇", "退回")
    await town.press("周镇", "验收通过")
    assert "周镇已在" in (await town.say("吴镇", "照片看不清"))[-1]
    assert (await read(town, problem)).state is ProblemState.CLOSED


async def test_a_spot_check_reopens_with_a_reason(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    await town.say("郑市", "/problem 1")
    await town.press("郑市", "重开")
    await town.say("郑市", "又漏了")
    assert "已重开" in (await town.press("郑市", "跳过"))[-1]
    assert "【抽查重开】" in town.unread("李村")[-1]
    found = await read(town, problem)
    assert (found.state, found.closed_at) == (ProblemState.WORKING, None)
    assert await reminded(town, problem)


async def test_a_spot_check_that_finds_it_solved_leaves_it_closed_and_is_written_down(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    closed_at, town.now = town.now, town.now + timedelta(days=20)
    await town.say("郑市", "/problem 1")
    await town.press("郑市", "抽查")
    await town.press("郑市", "属实，保持销号")
    await town.say("郑市", "新瓦，屋里不漏")
    await town.send_photo("郑市")
    assert "抽查属实，保持销号" in (await town.press("郑市", "发完了"))[-1]
    assert "【抽查属实】" in town.unread("李村")[-1]
    found = await read(town, problem)
    assert (found.state, found.closed_at) == (ProblemState.CLOSED, closed_at)
    last = (await history(town, problem))[-1]
    assert (last.action, last.text) == (Action.CHECK, "新瓦，屋里不漏")
    assert "郑市 抽查：新瓦" in "".join(await town.say("李村", "/problem 1"))
    assert not await reminded(town, problem)


async def test_a_spot_check_can_reopen_with_a_photo(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    await town.say("吴镇", "抽查问题")
    await town.say("吴镇", "1号")
    await town.press("吴镇", "不属实，重开")
    await town.say("吴镇", "又漏了")
    await town.send_photo("吴镇")
    assert "已重开" in (await town.press("吴镇", "发完了"))[-1]
    assert (await read(town, problem)).state is ProblemState.WORKING
    assert any("📎照片" in line for line in await town.say("李村", "/problem 1"))
    assert "现在是「整改中」" in (await town.say("周镇", "/spotcheck 1"))[-1]


async def test_nobody_accepts_their_own_submission(town: Town) -> None:
    problem = await add(town, units=("revitalization",))
    await submit(town, problem, "周镇")
    assert "另一位同志" in (await town.say("周镇", "/accept 1 ok"))[-1]
    assert "已销号" in (await town.say("吴镇", "/accept 1 ok"))[-1]


@pytest.mark.parametrize("command", ["/problem 1", "/progress 1", "/claim 1", "/accept 1 ok", "/reopen 1", "/spotcheck 1"])
async def test_what_is_not_yours_is_answered_like_what_does_not_exist(town: Town, command: str) -> None:
    await add(town)
    name, number = command.split(" ", 1)
    for outsider in ("孙村", "冯水"):
        mine = await town.say(outsider, command)
        assert mine == await town.say(outsider, f"{name} {number.replace('1', '99')}")
        assert NOT_YOURS in mine[-1]
    assert NOT_YOURS in (await town.say("李村", f"{name} 不是编号"))[-1]


async def test_the_town_neither_claims_nor_reports_for_others(town: Town) -> None:
    await add(town)
    assert NOT_YOURS in (await town.say("周镇", "/claim 1"))[-1]
    assert NOT_YOURS in (await town.say("周镇", "/progress 1"))[-1]
    assert "[认领]" not in "".join(await town.say("周镇", "/problem 1"))


async def test_todo_lists_the_most_pressing_eight(town: Town) -> None:
    for day in range(20, 30):
        await add(town, f"问题{day}", deadline=date(2022, 10, day))
    await add(town, "别村的", region=WAFANG, units=("water",))
    [listed] = await town.say("李村", "/todo")
    assert "您有 10 件要办" in listed
    assert listed.index("问题20") < listed.index("问题21") < listed.index("问题27")
    assert "问题28" not in listed
    assert "别村的" not in listed
    [rest] = await town.press("李村", "下一页（1/2）")
    assert rest.index("问题28") < rest.index("问题29")
    assert "别村的" not in rest
    assert "别村的" in (await town.say("冯水", "待办"))[-1]
    assert "没有要办的事" in (await town.say("陈医", "/todo"))[-1]


async def test_todo_shows_the_town_what_to_accept_and_the_village_what_to_verify(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    assert "[验收 1号 白塔村 屋顶漏雨" in (await town.say("周镇", "/todo"))[-1]
    for said in ("/report", "zs", "1", "厨房漏雨", "跳过", "1"):
        await town.say("赵村", said)
    assert "[核查 白塔村一屯张三家" in (await town.say("李村", "/todo"))[-1]


async def test_without_a_number_ones_own_are_offered_and_others_taken_by_number(town: Town) -> None:
    for day in range(20, 30):
        await add(town, f"问题{day}", deadline=date(2022, 10, day))
    asked = (await town.say("李村", "/progress"))[-1]
    assert asked.count("白塔村") == 8
    assert "没有 77 号" in (await town.say("李村", "77号"))[-1]
    assert "问题29" in (await town.say("李村", "10号"))[-1]
    await town.say("李村", "/cancel")
    await town.say("李村", "/progress")
    assert "问题21" in (await town.say("李村", "2"))[-1]


async def test_two_at_once_do_not_overwrite_each_other(town: Town) -> None:
    """Both read version 0; on a database with one writer the second waits, and finds the row changed."""
    problem = await add(town)

    async def claim(name: str) -> None:
        async with town.transaction() as tx, tx.session(name, "claim") as session:
            await Store(session).problems.move(problem, Action.CLAIM, state=ProblemState.WORKING, by=town.people[name])

    outcomes = await asyncio.gather(claim("李村"), claim("王建"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict]
    assert await actions(town, problem) == [Action.CLAIM]


async def test_words_are_sealed_and_every_change_is_on_the_audit_chain(town: Town) -> None:
    problem = await add(town, "高血压没有随访")
    await submit(town, problem)
    async with town.database.read() as conn:
        stored = (await conn.exec_driver_sql("SELECT description FROM problems")).scalar_one()
        assert "高血压".encode() not in bytes(stored)
        assert await audit.verify(conn, VAULT) == []
