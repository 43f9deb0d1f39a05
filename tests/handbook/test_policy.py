"""The handbook with a database: what is found in it and by whom, and how documents come in and go out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.web import uploads
from handlers.engine.words import NOT_YOURS
from handlers.handbook.search import parse_question
from storage.database.audit import audit
from storage.database.base import to_base36
from storage.database.session import Conflict
from storage.database.transaction import Transaction
from storage.handbook.policies import NewPolicy, Policy, passages
from storage.migrations.migrate import differences
from storage.store import Store
from tests.support.commands import run
from tests.support.documents import RULES, TABLE, word
from tests.support.plan import COUNTY, TOWN
from tests.support.town import Town


async def put(
    town: Town, title: str, *texts: str, for_all: bool = True, region: str = TOWN, content: bytes = b"file"
) -> Policy:
    """A policy whose articles have these texts."""
    sha256 = await town.keep(content, "text/plain")
    new = NewPolicy(
        title=title, number="", dated=None, for_all=for_all, region=region, sha256=sha256, file_name="a.txt", added_by=None
    )
    parts = [(f"第{place}条", "", text) for place, text in enumerate(texts, 1)]
    async with town.transaction() as tx, tx.session("test", "put") as session:
        return await Store(session).policies.add(new, parts)


async def found(town: Town, question: str, regions: Sequence[str] = (TOWN,), for_all: bool = False) -> list[str]:
    phrases = parse_question(question).phrases
    async with town.transaction() as tx, tx.session("test", "find") as session:
        return [one.clause for one in await Store(session).policies.find(phrases, regions, for_all=for_all, most=300)]


async def index_is_sound(town: Town) -> None:
    if town.database.is_sqlite:
        async with town.database.write() as conn:
            await conn.exec_driver_sql("INSERT INTO passage_words(passage_words, rank) VALUES('integrity-check', 1)")
            assert (await conn.exec_driver_sql("PRAGMA integrity_check")).scalars().all() == ["ok"]


async def test_two_characters_are_found_exactly_and_one_too(town: Town) -> None:
    await put(town, "办法", "医保报销70%", "医院，保险柜", "医疗保障", "低保按月发", "最低的保证金", "医。保")
    assert await found(town, "医保") == ["第1条"]
    assert await found(town, "低保") == ["第4条"]
    assert await found(town, "柜") == ["第2条"]
    assert await found(town, "医") == ["第1条", "第2条", "第3条", "第6条"]
    assert await found(town, "社保") == []
    await index_is_sound(town)


async def test_letters_and_figures_are_words_whatever_their_width(town: Town) -> None:
    await put(town, "标准", "ＣＴ检查报销", "C级危房补1.5万元", "D 级危房", "2022年第5号", "ct2号机")
    assert await found(town, "ct") == ["第1条"]
    assert await found(town, "CT") == ["第1条"]
    assert await found(town, "Ｃ级") == ["第2条"]
    assert await found(town, "D级") == ["第3条"]
    assert await found(town, "１.5万元") == ["第2条"]
    assert await found(town, "2022") == ["第4条"]
    assert await found(town, "202") == []


async def test_characters_that_few_know_are_found_as_well(town: Town) -> None:
    await put(town, "办法", "𠮷林路二〇二二年", "éa Übung ſtraße", "☎ 热线")
    assert await found(town, "𠮷林") == ["第1条"]
    assert await found(town, "二〇二二") == ["第1条"]
    assert await found(town, "übung") == ["第2条"]
    assert await found(town, "热线") == ["第3条"]


async def test_what_is_not_for_everybody_or_of_another_place_is_not_found(town: Town) -> None:
    await put(town, "给大家", "补助一百元")
    await put(town, "内部", "补助两百元", "补助三百元", for_all=False)
    await put(town, "市里", "补助四百元", region=COUNTY)
    assert len(await found(town, "补助")) == 3
    assert await found(town, "补助", for_all=True) == ["第1条"]
    assert len(await found(town, "补助", (TOWN, COUNTY))) == 4
    assert await found(town, "补助", ("220882",)) == []
    assert await found(town, "补助", ()) == []


async def test_a_new_version_takes_the_place_of_the_old_one_and_its_file_stays(town: Town) -> None:
    old = await put(town, "低保办法", "每月400元", content=b"old")
    await put(town, "低保办法", "每月500元", content=b"new")
    await put(town, "低保办法", "每月600元", region=COUNTY)
    assert await found(town, "400元") == await found(town, "600元") == []
    assert await found(town, "500元") == ["第1条"]
    async with town.transaction() as tx, tx.session("test", "look") as session:
        store = Store(session)
        assert await store.policies.get(old.id) is None
        (kept,) = await store.policies.in_force([TOWN])
        await store.policies.end(kept)
    assert await found(town, "500元") == []
    assert town.world.media.read(old.sha256) == b"old"
    async with town.database.read() as conn:
        assert (await conn.execute(sa.select(sa.func.count()).select_from(passages))).scalar_one() == 1
    await index_is_sound(town)


async def test_the_index_is_no_difference_between_the_database_and_the_code(town: Town) -> None:
    assert [one for one in await differences(town.database) if "passage" in str(one)] == []


async def test_a_share_of_a_batch_that_fails_leaves_no_passage_in_the_index(town: Town) -> None:
    sha256 = await town.keep(b"x", "text/plain")
    new = NewPolicy(title="坏的", number="", dated=None, for_all=True, region=TOWN, sha256=sha256, file_name="", added_by=None)

    async def fail(tx: Transaction) -> None:
        async with tx.session("test", "fails") as session:
            store = Store(session)
            await store.policies.add(new, [("第1条", "", "砖瓦补贴")])
            assert len(await store.policies.find([("砖", "瓦")], [TOWN], for_all=True, most=9)) == 1
            raise Conflict

    async with town.transaction() as tx:
        with pytest.raises(Conflict):
            await fail(tx)
    assert await found(town, "砖瓦补贴") == []
    await index_is_sound(town)


HOSTILE = (
    '"', "'", '""', "' OR '1'='1", "OR", "AND NOT", "NEAR(a b)", "a NEAR/2 b", "*", "医*", "^医", "-医保", "words:医保",
    "passage_words MATCH", "医保'); DROP TABLE passages; --", "\\", "a\\'b", "!a & b | (c", "a <-> b", "a:*", "%", "_",
    "{医}", "(", ")", "医\0保", "\ud800医", "\u202e医保", "：" * 400, "医保" * 250, "a" * 500, "1" * 500, "@@",
)  # fmt: skip


async def test_no_question_is_taken_for_an_operator(town: Town) -> None:
    """Each is looked for as its words, by the one statement that both databases run."""
    await put(town, "办法", "医保报销70%", "near or not and")
    got = {said: await found(town, said) for said in HOSTILE}
    assert got['"'] == got["*"] == got["：" * 400] == []
    assert got["-医保"] == got["医*"] == got["医保" * 250] == ["第1条"]
    assert got["OR"] == ["第2条"]
    assert await found(town, "医保") == ["第1条"]


@pytest.mark.sqlite_only
@settings(
    max_examples=40, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(question=st.text(alphabet=st.one_of(st.sampled_from("医保\"'*()^:-{}OR NEAR&|!<>\\%.,"), st.characters()), max_size=40))
def test_any_question_gets_an_answer_from_the_database(town_loop: tuple[Town, asyncio.Runner], question: str) -> None:
    town, runner = town_loop
    runner.run(found(town, question))


@pytest.fixture
def town_loop(database_url: str, tmp_path: Path) -> object:
    with asyncio.Runner() as runner:
        town = Town(database_url, tmp_path)
        runner.run(put(town, "办法", "医保报销70%"))
        yield town, runner
        runner.run(town.close())


@pytest.mark.sqlite_only
async def test_the_best_article_comes_first_with_its_figures_and_leads_to_the_whole(town: Town) -> None:
    await town.join_household("张三家", 1001)
    await town.say("周镇", "/addpolicy")
    asked = await town.send_document("周镇", word(table=TABLE), "医保.docx")
    assert asked == ["谁可以查到它？ [1 农户也能查][2 只给干部] [上一步][取消]"]
    await town.press("周镇", "农户也能查")
    shown = town.inboxes["周镇"][-1].text or ""
    assert "《瓦房镇城乡居民医疗保险报销办法》\n瓦政发〔2022〕60号 2022年10月8日\n分成 3 段，农户也能查。" in shown
    (_, done) = await town.press("周镇", "提交")
    assert done.startswith("《瓦房镇城乡居民医疗保险报销办法》加进手册了，现在就能查。")
    for person in ("张三家", "李村"):
        (told,) = await town.say(person, "/policy 医保报销比例是多少")
        first = (
            "第二条 报销比例 / 住院报销比例：乡镇卫生院为90%，县级医院为75%，市外医院为60%。 / 出处：《瓦房镇城乡居民医疗保险"
        )
        assert told.startswith(first)
    (text,) = await town.press("张三家", "看原文")
    assert "县级医院为75%" in text
    (file,) = await town.press("张三家", "整份文件")
    assert file.endswith("📎医保.docx")
    (told,) = await town.say("张三家", "/policy D级危房补助多少钱")
    assert "房屋等级：D级，补助标准：每户3万元。" in told


@pytest.mark.sqlite_only
async def test_the_title_can_be_changed_and_a_newer_version_is_announced(town: Town) -> None:
    await put(town, "低保问答", "旧的")
    await town.say("周镇", "加政策")
    await town.send_document("周镇", "低保\n\n第一条 每月450元。".encode(), "x.txt")
    await town.restart()
    await town.press("周镇", "只给干部")
    await town.restart()
    await town.press("周镇", "改 这份政策叫什么：低保")
    (told,) = await town.say("周镇", "低保问答")
    assert "会换掉 10月12日加的同名政策。" in told
    await town.press("周镇", "提交")
    (told,) = await town.say("李村", "/policy 低保每月多少钱")
    assert told.startswith("第一条 每月450元 / 出处：《低保问答》")


@pytest.mark.sqlite_only
async def test_a_file_dropped_without_a_word_by_the_office_is_a_policy(town: Town) -> None:
    (told,) = await town.send_document("周镇", word(["低保政策明白卡", "第一条 低保金每月400元。"]), "低保.docx")
    assert told.startswith("谁可以查到它？")
    (refused, *_) = await town.send_document("李村", b"x", "a.pdf")
    assert "谁可以查到它" not in refused


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("名单：张三 11010519491231002X".encode(), "a.txt", "身份证号"),
        (b"PK\x03\x04", "a.docx", "打不开"),
        (b"x", "a.exe", "不是 .docx 或 .pdf 或 .md 或 .txt 文件"),
        ("第一条 好。\n".encode() * 3001, "a.txt", "段"),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused_kindly_and_another_one_is_taken(
    town: Town, content: bytes, name: str, said: str
) -> None:
    await town.say("周镇", "/addpolicy")
    (told,) = await town.send_document("周镇", content, name)
    assert said in told
    assert "请" in told
    (told,) = await town.send_document("周镇", b"ok", "b.txt")
    assert told.startswith("谁可以查到它？")


@pytest.mark.sqlite_only
async def test_who_may_not_read_a_policy_gets_what_one_gets_for_none(town: Town) -> None:
    await town.join_household("张三家", 1001)
    policy = await put(town, "内部分工", "包保干部由镇里统一调配", for_all=False)
    elsewhere = await put(town, "别县的", "包保干部轮换", region="220882")
    async with town.transaction() as tx, tx.session("test", "look") as session:
        ids = [one.id for one in await Store(session).policies.find([("包", "保")], [TOWN, "220882"], for_all=False, most=9)]
    for person, hidden in (("张三家", [policy, elsewhere]), ("李村", [elsewhere])):
        for one in hidden:
            assert await town.say(person, f"/policy !{to_base36(one.id)}") == [NOT_YOURS.replace("\n", " / ")]
    shown = {person: [await town.say(person, f"/policy #p:{to_base36(id)}") for id in ids] for person in ("张三家", "李村")}
    assert shown["张三家"] == [[NOT_YOURS], [NOT_YOURS]]
    assert sorted(told[0] == NOT_YOURS for told in shown["李村"]) == [False, True]
    for key in ("#2.4", "#9.9", "#p:zz", "#p:!", "#", "!", "!zz~"):
        assert await town.say("张三家", f"/policy {key}") == [NOT_YOURS], key
    (told,) = await town.say("张三家", "/policy 包保干部")
    assert "包保" not in told.replace("/policy", "")
    assert (await town.say("李村", "/addpolicy")) == (await town.say("张三家", "/policies")) == [NOT_YOURS]


@pytest.mark.sqlite_only
async def test_a_policy_is_taken_out_by_who_is_in_charge_of_it(town: Town) -> None:
    own = await put(town, "镇里的办法", "砖瓦补贴每户一百元")
    above = await put(town, "市里的办法", "砂石补贴每户两百元", region=COUNTY)
    (listed,) = await town.say("周镇", "政策目录")
    assert listed.endswith("[市里的办法] [镇里的办法] [加政策]")
    assert await town.say("周镇", f"/policies {to_base36(above.id)}") == [NOT_YOURS]
    (file,) = await town.press("周镇", "市里的办法")
    assert file.startswith("《市里的办法》 📎")
    await town.say("周镇", "/policies")
    (shown,) = await town.press("周镇", "镇里的办法")
    assert shown.startswith("《镇里的办法》 / 1 段，农户也能查，10月12日加的。")
    await town.press("周镇", "撤下")
    assert await town.say("周镇", f"/policies {to_base36(own.id)}") == [NOT_YOURS]
    assert await found(town, "砖瓦") == []
    await town.say("郑市", f"/policies {to_base36(above.id)}")
    await town.press("郑市", "撤下")
    assert (await town.say("郑市", "/policies"))[0].startswith("手册里还没有加过政策。")


@pytest.mark.sqlite_only
async def test_the_plan_and_the_procedures_are_answered_and_leafed_through(town: Town) -> None:
    assert await town.say("李村", "查手册") == ["想查什么？ [取消]"]
    (told,) = await town.say("李村", "公示要几天")
    assert told.startswith("村内公示 / 评议通过后在本村张榜公示，至少5天，只贴一次。 / 出处：监测帮扶办事程序 [看原文]")
    (told,) = await town.say("李村", "/policy 医保报销比例是多少")
    assert told.startswith("没有正好说这件事的，最接近的是： / (二)3 参保与分类资助")
    (first,) = await town.say("李村", "/policy #3.2")
    assert "出处：瓦政发[2022]51号" in first
    (second,) = await town.press("李村", "下一页（1/2）")
    assert second != first
    (told,) = await town.say("李村", "/policy 养猪场离河多远")
    assert told.startswith("手册里没有找到。换个说法再问，或者试试这样问： [")
    label = town.inboxes["李村"][-1].buttons[0][0]
    assert len(label.says.encode()) <= 64
    (told,) = await town.press_data("李村", label.says)
    assert "出处：" in told


@pytest.mark.sqlite_only
async def test_every_answer_fits_a_phone(town: Town) -> None:
    await put(town, "很长的" * 38, "危房改造，" * 100 + "每户三万元。")
    for question in ("危房改造多少钱", *(one.text for one in town.world.plan.questions[::4])):
        await town.say("李村", f"/policy {question}")
        message = town.inboxes["李村"][-1]
        assert len((message.text or "").split("\n")) <= 5
        assert all(len(button.says.encode()) <= 64 for row in message.buttons for button in row)


@pytest.mark.sqlite_only
async def test_the_office_is_told_how_a_document_stands_in_the_audit(town: Town) -> None:
    policy = await put(town, "办法", "一", "二")
    async with town.database.read() as conn:
        rows = (await conn.execute(sa.select(audit.c.action, audit.c.subject))).all()
    assert [row.action for row in rows if str(policy.id) in row.subject] == ["policies.add"]


def test_pages_take_documents_by_what_is_in_them() -> None:
    kinds = {
        word(): "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"%PDF-1.7 ...": "application/pdf",
        "低保按月发放".encode(): "text/plain",
        "低保按月发放".encode("gb18030"): "text/plain",
        "低保按月发放".encode("utf-16"): "text/plain",
    }
    assert {content: uploads.examine(content).content_type for content in kinds} == kinds
    for content in (b"", b"<html><script>", b"MZ\x90\x00", b"\x7fELF"):
        with pytest.raises(uploads.Unknown):
            uploads.examine(content)


def test_a_policy_is_added_listed_and_removed_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path / "data"))
    file, scan = tmp_path / "办法.docx", tmp_path / "扫描.pdf"
    file.write_bytes(word(RULES))
    scan.write_bytes(b"%PDF-1.7 broken")
    added = run("policy", "add", str(file))
    assert "《瓦房镇城乡居民医疗保险报销办法》已加进手册，共 3 段。" in added.output
    assert run("policy", "add", "--cadres-only", "--title", "内部", str(file)).exit_code == 0
    assert run("policy", "add", str(scan)).exit_code == 1
    listed = run("policy", "list").output.splitlines()
    assert len(listed) == 3
    assert "只给干部" in listed[0]
    assert run("policy", "remove", listed[0].split()[0]).exit_code == 0
    assert run("policy", "remove", "zz~").exit_code == 1
    assert run("policy", "list").output.splitlines()[-1] == "共 1 份。"
