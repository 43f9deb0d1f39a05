"""A registered household is helped: somebody answers for it, what it lacks is supplied, and it sees both on its phone."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from handlers.calendar.planning import plan_deadline
from handlers.engine.words import NOT_YOURS
from handlers.measures.needs import MOST_SUGGESTED, is_combined, lacking, suggestions, why_no_more
from storage.cases.records import Clue
from storage.database import audit
from storage.database.base import SHANGHAI, to_base36
from storage.database.session import Conflict
from storage.measures import Measure
from storage.store import Store
from tests.support.cases import TO_NOMINATE, case_after, helped, measures
from tests.support.plan import PLAN
from tests.support.town import VAULT, Town

KINDS = [kind.code for kind in PLAN.risk_kinds]
SINGLE = ("education", "housing", "water")


def measure(kind: str, text: str = "办", done: bool = False) -> Measure:
    done_at = datetime(2022, 10, 20, tzinfo=SHANGHAI) if done else None
    return Measure(
        id=1, support_id=1, clue_id=1, household_id=1, responsible_id=None, kind=kind, text=text, unit="housing",
        deadline=date(2022, 11, 1), percent=100 if done else 0, done_at=done_at, version=0,
    )  # fmt: skip


async def responsible(town: Town, clue: Clue) -> int | None:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        support = await Store(session).measures.support_of(clue.id)
        assert support is not None
        return support.responsible_id


@given(st.sampled_from(SINGLE))
def test_one_risk_of_education_housing_or_water_gets_exactly_the_single_measure(kind: str) -> None:
    assert not is_combined(PLAN, [kind])
    [only] = suggestions(PLAN, [kind], [])
    assert only.kind == kind
    chosen = [measure(kind, only.text)]
    assert suggestions(PLAN, [kind], chosen) == []
    assert PLAN.risk(kind).label in (why_no_more(PLAN, [kind], chosen) or "")
    assert why_no_more(PLAN, [kind], [measure(kind, only.text, done=True)]) is None


@given(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
def test_several_or_complex_risks_ask_for_a_measure_each(kinds: list[str]) -> None:
    assert is_combined(PLAN, kinds) is (len(kinds) > 1 or kinds[0] not in SINGLE)
    assert lacking(kinds, []) == kinds
    chosen: list[Measure] = []
    while lacks := [kind for kind in lacking(kinds, chosen) if PLAN.risk(kind).helps]:
        offered = suggestions(PLAN, kinds, chosen)
        assert 0 < len(offered) <= MOST_SUGGESTED
        assert offered[0].kind == lacks[0]
        chosen.append(measure(*offered[0]))
    assert set(lacking(kinds, chosen)) <= {"other"}


@given(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
def test_what_is_chosen_is_not_offered_again(kinds: list[str]) -> None:
    chosen: list[Measure] = []
    while offered := suggestions(PLAN, kinds, chosen):
        assert not {(one.kind, one.text) for one in chosen} & set(offered)
        chosen.append(measure(*offered[-1]))
        assert len(chosen) <= sum(len(PLAN.risk(kind).helps) for kind in kinds)


@pytest.mark.sqlite_only
async def test_somebody_answers_for_the_household_and_both_are_told(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town)
    assert "责任人：未定" in (await town.say("李村", f"/support {to_base36(clue.id)}"))[-1]
    await town.press("李村", "定责任人")
    assert "由赵村帮扶" in (await town.press("李村", "赵村"))[-1]
    assert await responsible(town, clue) == town.people["赵村"]
    assert "以后由赵村帮您家" in town.unread("张三")[-1]
    assert "由您帮扶" in town.unread("赵村")[-1]

    await town.say("赵村", f"/support {to_base36(clue.id)} who")
    await town.say("赵村", "李村")
    assert "以后由李村帮您家" in town.unread("张三")[-1]
    await town.say("赵村", f"/support {to_base36(clue.id)} who")
    assert "已经是李村" in (await town.say("赵村", "李村"))[-1]


@pytest.mark.sqlite_only
async def test_a_single_measure_takes_three_messages_and_reaches_unit_and_household(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town)
    asked = (await town.say("李村", f"/support {to_base36(clue.id)} add"))[-1]
    assert "[1 住房安全：鉴定后修缮加固或改造住房]" in asked
    assert "[2 自己写]" in asked
    await town.say("李村", "1")
    await town.say("李村", "10月31日")
    assert "记下了" in (await town.say("李村", "1"))[-1]
    [made] = await measures(town, clue)
    assert (made.kind, made.unit, made.deadline) == ("housing", "housing", date(2022, 10, 31))
    assert "鉴定后修缮加固或改造住房" in town.unread("张三")[-1]
    assert "10月31日" in town.unread("王建")[-1]
    assert "只有「住房安全」一项风险" in (await town.say("李村", f"/support {to_base36(clue.id)} add"))[-1]


@pytest.mark.sqlite_only
async def test_several_risks_are_answered_one_by_one_also_in_own_words_by_the_village(town: Town) -> None:
    clue = await case_after(town, kinds=("housing", "income"))
    await town.say("李村", f"/support {to_base36(clue.id)} add")
    await town.say("李村", "2")
    await town.say("李村", "10月31日")
    assert "还缺：住房安全" in (await town.say("李村", "1"))[-1]
    await town.press("李村", "再加一项")
    for said in ("自己写", "住房安全", "先搬到女儿家住", "各行政村", "10月25日"):
        await town.say("李村", said)
    await town.say("李村", "提交")
    assert [(one.kind, one.unit) for one in await measures(town, clue)] == [
        ("housing", "villages"),
        ("income", "revitalization"),
    ]
    assert "还缺" not in (await town.say("李村", f"/support {to_base36(clue.id)}"))[-1]


@pytest.mark.sqlite_only
async def test_the_unit_reports_and_is_done_only_with_proof(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town)
    await helped(town, clue, percent=0)
    assert "张三家 办好housing" in (await town.say("王建", "/measure"))[-1]
    await town.press("王建", "张三家 办好housing 11月10日前")
    await town.say("王建", "料备好了")
    await town.say("王建", "五成")
    assert "50%" in (await town.say("王建", "1"))[-1]
    assert "办好housing（镇乡建办，11月10日前，50%）" in (await town.say("李村", f"/support {to_base36(clue.id)}"))[-1]
    assert not town.unread("张三")

    await town.press("李村", "报进展：办好housing")
    await town.say("李村", "修完了")
    assert "要有凭据" in (await town.press("李村", "100%，做完了"))[-1]
    assert "照片" in (await town.say("李村", "真的做完了"))[-1]
    await town.send_photo("李村")
    await town.say("李村", "完成")
    assert "已完成" in "".join(await town.say("李村", "1"))
    [done] = await measures(town, clue)
    assert done.done
    assert "做完了" in town.unread("张三")[-1]
    assert "措施都做完了" in town.unread("赵村")[-1]
    assert "李村已在" in (await town.say("王建", f"/measure {to_base36(done.id)}"))[-1]
    assert "没有要您办的" in (await town.say("王建", "/measure"))[-1]


@pytest.mark.sqlite_only
async def test_others_get_the_answer_of_a_thing_that_does_not_exist(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town)
    [made] = await helped(town, clue, percent=0)
    for name in ("孙村", "冯水", "周镇", "张三"):
        for command in (f"/measure {to_base36(made.id)}", f"/support {to_base36(clue.id)} add"):
            heard = await town.say(name, command)
            assert heard == [NOT_YOURS]
    assert await town.say("李村", "/measure zzz") == [NOT_YOURS]
    assert await town.say("李村", "/measure 不是") == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_before_and_after_its_step_the_case_cannot_be_helped(town: Town) -> None:
    clue = await case_after(town, TO_NOMINATE)
    assert "现在是「村提名单」" in (await town.say("李村", f"/support {to_base36(clue.id)}"))[-1]


@pytest.mark.sqlite_only
async def test_what_was_added_by_mistake_can_be_taken_back_until_somebody_worked_on_it(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town, kinds=("housing", "water"))
    _, water = await helped(town, clue, percent=0)
    town.unread("张三")
    await town.say("李村", f"/support {to_base36(clue.id)}")
    await town.press("李村", "撤一项措施")
    await town.say("李村", "办好housing")
    assert "已撤回" in (await town.say("李村", "写重了"))[-1]
    assert "措施撤回：办好housing。原因：写重了" in town.unread("张三")[-1]
    assert "写重了" in town.unread("王建")[-1]
    assert [one.id for one in await measures(town, clue)] == [water.id]
    async with town.transaction() as tx, tx.session("test", "report") as session:
        await Store(session).measures.progress(water, by=town.people["李村"], text="办了", percent=10)
    with pytest.raises(Conflict):
        async with town.transaction() as tx, tx.session("test", "drop") as session:
            await Store(session).measures.withdraw(water)
    assert "没有可撤的" in (await town.say("李村", f"/support {to_base36(clue.id)} drop"))[-1]


@pytest.mark.sqlite_only
async def test_a_measure_is_reminded_of_until_it_is_done(town: Town) -> None:
    clue = await case_after(town)
    [made] = await helped(town, clue, percent=0, deadline=date(2022, 10, 25))
    async with town.transaction() as tx, tx.session("test", "plan") as session:
        plan_deadline(
            Store(session).reminders, PLAN, subject="measure", subject_id=str(made.id), deadline=made.deadline, now=town.now
        )
    town.now = datetime.combine(date(2022, 10, 24), time(8), SHANGHAI)
    await town.tick()
    [reminded] = [line for line in town.unread("王建") if "今日提醒" in line]
    assert "帮扶措施 白塔村一屯张三家 办好housing" in reminded
    await town.say("李村", f"/measure {to_base36(made.id)}")
    for said in ("修完了", "100"):
        await town.say("李村", said)
    await town.send_photo("李村")
    await town.say("李村", "完成")
    await town.say("李村", "1")
    town.now = datetime.combine(date(2022, 10, 28), time(8), SHANGHAI)
    await town.tick()
    assert not [line for line in town.unread("王建") if "帮扶措施" in line]


async def test_two_reports_at_once_do_not_overwrite_each_other(town: Town) -> None:
    clue = await case_after(town)
    [made] = await helped(town, clue, percent=0)

    async def report(name: str, percent: int) -> None:
        async with town.transaction() as tx, tx.session(name, "report") as session:
            await Store(session).measures.progress(made, by=town.people[name], text="办了", percent=percent)

    outcomes = await asyncio.gather(report("李村", 30), report("王建", 60), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Conflict]


async def test_texts_are_sealed_lists_are_by_unit_and_the_audit_chain_holds(town: Town) -> None:
    clue = await case_after(town, kinds=("housing", "water"))
    late, early = await helped(town, clue, percent=30), await helped(town, await case_after(town, number=2001), 0)
    async with town.transaction() as tx, tx.session("test", "look") as session:
        stored = Store(session).measures
        support = await stored.support_of(clue.id)
        assert support is not None
        await stored.assign(support, town.people["赵村"])
        water = stored.add(support, kind="water", text="换滤芯", unit="water", deadline=date(2022, 10, 20))
        assert [one.id for one in await stored.due("220881100", "water")] == [water.id]
        village = await stored.due("220881100203", most=2)
        assert [one.id for one in village] == [water.id, late[0].id]
        assert early[0].id in {one.id for one in await stored.due("220881100", "housing")}
        kept = await stored.support_of(clue.id)
        assert kept is not None
        assert kept.household_id == clue.household_id
        with pytest.raises(Conflict):
            await stored.assign(support, town.people["李村"])
    async with town.database.read() as conn:
        texts = (await conn.execute(sa.text("SELECT text FROM measures"))).scalars().all()
        assert all("滤芯".encode() not in bytes(text) for text in texts)
        assert await audit.verify(conn, VAULT) == []
