"""A case from clue to decision by chat, with the messages a person needs, what the household hears, and who is next."""

from __future__ import annotations

import io
from datetime import timedelta

import docx
import pytest

from handlers.engine.words import NOT_YOURS
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.database.base import to_base36
from storage.store import Store
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only

VILLAGE, TOWN, COUNTY, ELSEWHERE = "李村", "周镇", "郑市", "孙村"


async def clue_of(town: Town, number: int = 1) -> Clue:
    async with town.transaction() as tx, tx.session("test", "look") as session:
        clue = await Store(session).clues.numbered(number)
    assert clue is not None
    return clue


async def reported(town: Town) -> str:
    """A self-report of household 1001; returns the clue's key in commands."""
    await town.join_household("张三", 1001)
    for said in ("/selfreport", "2", "屋顶漏雨", "跳过", "1"):
        await town.say("张三", said)
    return to_base36((await clue_of(town)).id)


async def through(town: Town, name: str, *said: str) -> list[str]:
    """Say these one after the other ("📷" is a photo); returns what came of the last."""
    heard: list[str] = []
    for words in said:
        heard = await (town.send_photo(name, f"{town.now}{words}".encode()) if words == "📷" else town.say(name, words))
    return heard


async def by_hand(town: Town, name: str, *done: str) -> None:
    """Each of these in turn: "[a button]", "📷" or words."""
    for what in done:
        if what.startswith("["):
            await town.press(name, what[1:-1])
        else:
            await through(town, name, what)


async def test_a_case_goes_from_a_households_report_to_the_register(town: Town) -> None:
    key = await reported(town)
    town.unread("张三")
    await through(town, VILLAGE, f"/verify {key} found", "屋顶漏雨，梁已腐", "1")
    assert (await clue_of(town)).step is Step.AUTHORIZE
    assert any("困难属实" in heard for heard in town.unread("张三"))

    await through(town, "张三", f"/authorize {key}", "同意")
    await through(town, VILLAGE, f"/deliberate {key}", "到会三十二人，同意30，反对2", "📷", "完成", "1")
    heard = await town.say(VILLAGE, f"/publicize {key}")
    assert "拟纳入防返贫监测对象公示" in heard[0]
    assert "220881" not in heard[0]
    await town.say(VILLAGE, "已张贴")

    await town.say(VILLAGE, f"/nominate {key}")
    assert (await clue_of(town)).step is Step.PUBLICIZE
    assert "期满" not in " ".join(await town.say(VILLAGE, f"/publicize {key}"))
    await town.say(VILLAGE, "取消")
    town.now += timedelta(days=6)
    await through(town, VILLAGE, f"/publicize {key}", "期满，没有异议", f"/nominate {key}", "提名")
    assert any("乡镇复核" in heard for heard in town.unread(TOWN))
    await through(town, TOWN, "/town_review", "通过")
    await through(town, COUNTY, "/county_decide", "确定")
    assert any("市里定下来了：帮您家" in heard for heard in town.unread("张三"))
    await through(town, TOWN, f"/register {key}", "JC001", "突发严重困难户")
    clue = await clue_of(town)
    assert clue.step is Step.SUPPORT
    assert (await town.household(1001)).kind == "突发严重困难户"


async def test_not_found_is_told_in_plain_words_and_the_town_answers_the_objection(town: Town) -> None:
    key = await reported(town)
    town.unread("张三")
    await through(town, VILLAGE, f"/verify {key} none", "屋顶去年已修好", "1")
    assert any("屋顶去年已修好" in heard and "[我不同意]" in heard for heard in town.unread("张三"))
    await town.press("张三", "我不同意")
    await town.say("张三", "只修了东屋，西屋还漏")
    assert any("西屋还漏" in heard for heard in town.unread(TOWN))
    await through(town, TOWN, f"/objection {key}", "请村里再核查", "村里和驻村队一起再去看")
    clue = await clue_of(town)
    assert clue.step is Step.VERIFY
    assert any("再到您家看一次" in heard for heard in town.unread("张三"))


async def test_a_vote_without_a_majority_ends_the_case_with_its_reason(town: Town) -> None:
    key = await reported(town)
    await through(town, VILLAGE, f"/verify {key} found", "漏雨", "1", f"/authorize {key}", "签了", "📷", "完成")
    await through(town, VILLAGE, f"/deliberate {key}", "30 10 20", "儿子在城里有房", "📷", "完成", "1")
    clue = await clue_of(town)
    assert (clue.step, clue.closed_as) == (Step.CLOSED, "fail")
    assert any("儿子在城里有房" in heard for heard in town.unread("张三"))


async def test_an_objection_during_the_publicity_returns_to_the_deliberation(town: Town) -> None:
    key = await reported(town)
    await through(town, VILLAGE, f"/verify {key} found", "漏雨", "1", f"/authorize {key}", "签了", "📷", "完成")
    await through(town, VILLAGE, f"/deliberate {key}", "30 28 1", "📷", "完成", "1", f"/publicize {key}", "已张贴")
    await through(town, VILLAGE, f"/publicize {key}", "有人提异议", "家里有一台农机没有算")
    assert (await clue_of(town)).step is Step.DELIBERATE


async def test_the_publicity_is_a_word_file_without_anything_that_must_not_hang_there(town: Town) -> None:
    await town.join_household("张三", 1001)
    for said in ("/selfreport", "2 4", "住院花了三万", "跳过", "1"):
        await town.say("张三", said)
    key = to_base36((await clue_of(town)).id)
    await through(town, VILLAGE, f"/verify {key} found", "漏雨", "1", f"/authorize {key}", "签了", "📷", "完成")
    await through(town, VILLAGE, f"/deliberate {key}", "30 28 1", "📷", "完成", "1", f"/publicize {key}")
    sent = next(message for message in reversed(town.inboxes[VILLAGE]) if message.file)
    assert (sent.file_name or "").endswith(".docx")
    lines = [paragraph.text for paragraph in docx.Document(io.BytesIO(town.world.media.read(sent.file or ""))).paragraphs]
    text = "\n".join(lines)
    assert "住房安全" in text
    assert not any(word in text for word in ("医疗", "住院", "220881", "1380000"))


async def test_the_town_goes_through_a_list_one_case_a_message_and_returns_with_a_reason(town: Town) -> None:
    for number in (1001, 1003):
        for said in ("/report", str(number), "2", "屋顶漏雨", "跳过", "1"):
            await town.say(VILLAGE, said)
    for number in (1, 2):
        key = to_base36((await clue_of(town, number)).id)
        await through(town, VILLAGE, f"/verify {key} found", "漏雨", "1", f"/authorize {key}", "签了", "📷", "完成")
        await through(town, VILLAGE, f"/deliberate {key}", "30 28 1", "📷", "完成", "1", f"/publicize {key}", "已张贴")
    town.now += timedelta(days=6)
    for number in (1, 2):
        key = to_base36((await clue_of(town, number)).id)
        await through(town, VILLAGE, f"/publicize {key}", "期满，没有异议")
    await through(town, VILLAGE, "/nominate", "提名", "提名")
    town.unread(VILLAGE)
    heard = await through(town, TOWN, "/town_review", "退回", "会议记录看不清，请补拍")
    assert any("2号" in line for line in heard)
    assert any("会议记录看不清" in line for line in town.unread(VILLAGE))
    await town.say(TOWN, "通过")
    assert [(await clue_of(town, number)).step for number in (1, 2)] == [Step.NOMINATE, Step.COUNTY_DECIDE]


async def test_no_step_takes_more_messages_than_it_has_to(town: Town) -> None:
    """Counted as a person would: every tap and every line typed."""
    key = await reported(town)
    await town.say(VILLAGE, "/clue 1")
    found = ("[属实]", "屋顶漏雨，梁已腐", "[提交]")
    deliberated = ("[民主评议]", "32 30 1", "📷", "[发完了]", "[提交]")
    reviewed = ("[通过]",)
    assert (len(found), len(deliberated), len(reviewed)) == (3, 5, 1)
    await by_hand(town, VILLAGE, *found)
    await through(town, VILLAGE, f"/authorize {key}", "签了", "📷", "完成")
    await by_hand(town, VILLAGE, *deliberated)
    assert (await clue_of(town)).step is Step.PUBLICIZE
    await through(town, VILLAGE, f"/publicize {key}", "已张贴")
    town.now += timedelta(days=6)
    await through(town, VILLAGE, f"/publicize {key}", "期满，没有异议", f"/nominate {key}", "提名")
    await town.press(TOWN, "乡镇复核")
    await by_hand(town, TOWN, *reviewed)
    assert (await clue_of(town)).step is Step.COUNTY_DECIDE


async def test_not_found_takes_three_messages(town: Town) -> None:
    await reported(town)
    await town.say(VILLAGE, "/clue 1")
    await by_hand(town, VILLAGE, "[不属实]", "屋顶去年已修好", "[提交]")
    assert (await clue_of(town)).closed_as == "none"


async def test_a_case_of_another_village_looks_like_one_that_does_not_exist(town: Town) -> None:
    key = await reported(town)
    for command in ("verify", "deliberate", "publicize", "clue"):
        assert await town.say(ELSEWHERE, f"/{command} {key}") == [NOT_YOURS] == await town.say(ELSEWHERE, f"/{command} zz9")
