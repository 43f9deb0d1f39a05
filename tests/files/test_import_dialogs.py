"""The same bad file gets the same answer, whichever table it was meant to be, and is asked for again."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from handlers.files.reader import FROM_ANYBODY, IN_A_TALK
from handlers.screening.job import work
from tests.support.tables import xlsx
from tests.support.town import Town

ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


class Dialog(NamedTuple):
    """Headings that are enough for a dialog, some that are known and not enough, what is said of what is missing, and the most
    rows."""

    headings: tuple[str, ...]
    some: tuple[str, ...]
    missing: str
    all_missing: str
    taken: str
    most: int = IN_A_TALK.rows


HEADINGS = ("姓名", "身份证号", "村")
SOMEBODY = "姓名或户主姓名、身份证号或行政村"
PROBLEM = "问题来源、村、问题描述、整改时限"
SERIAL = ("序号", "屯", "备注")
DIALOGS = {
    "/import": Dialog(tuple(PROBLEM.split("、")), ("序号", "责任单位", "措施"), PROBLEM, PROBLEM, "可导入 1 条"),
    "/indicatortable": Dialog(("村", "指标", "今年"), ("去年", "今年数", "备注"), "村、指标", "村、指标、今年", "新增 1 行"),
    "/screening": Dialog(HEADINGS, SERIAL, SOMEBODY, SOMEBODY, "共 1 行", FROM_ANYBODY.rows),
    "/watchlist loans": Dialog(HEADINGS, SERIAL, SOMEBODY, SOMEBODY, "新增 1 人"),
    "/reconcile": Dialog(HEADINGS, ("身份证号", "村", "电话"), "姓名或户主", "姓名或户主", "这是哪里的名单", FROM_ANYBODY.rows),
}
dialogs = pytest.mark.parametrize("command", DIALOGS)


async def answer(town: Town, command: str, content: bytes, name: str) -> str:
    """What is said to somebody who sends a file where the command has asked for one."""
    said = await town.send_document("周镇", content, name)
    if command == "/screening" and "正在和名册核对" in said[-1]:
        async with town.database.read() as conn:
            await town.caches.refresh(conn)
        await work(town.transactions, town.world)
        await town.settle()
        said = town.unread("周镇")
    return said[-1]


@pytest.mark.sqlite_only
@dialogs
async def test_what_cannot_be_read_is_refused_in_the_same_words(town: Town, command: str) -> None:
    dialog = DIALOGS[command]
    many = ("姓名\n" * (FROM_ANYBODY.rows + 1)).encode()
    bad = {
        ("文档.doc", b"x"): "「文档.doc」不是 .xlsx 或 .csv 文件，请换一个再发。",
        ("表.xlsx", ENCRYPTED): "这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。",
        ("表.xls", ENCRYPTED): "这是老式 .xls 或加了密码的文件。请另存为不加密的 .xlsx 再发来。",
        ("表.xlsx", b"hello"): "这不是 Excel 表格，或者没传完整。请发 .xlsx 文件。",
        ("表.xlsx", xlsx(("甲", "乙"), (1, 2))): (f"前 10 行里没有找到表头。请用模板填写，表头要有：{dialog.all_missing}"),
        ("表.xlsx", xlsx(dialog.some, ("a", "b", "c"))): f"表头缺少：{dialog.missing}。请补上再发来。",
        ("表.xlsx", xlsx()): "表格里没有内容。",
        ("表.csv", b""): "表格里没有内容。",
        ("表.xlsx", xlsx(dialog.headings)): "表头下面没有内容。",
        ("表.csv", many): f"表格超过 {dialog.most} 行，请分成几个文件发。",
        ("表.csv", b" " * (FROM_ANYBODY.bytes + 1)): "文件太大了，请控制在 20 MB 以内，可以分几个文件发。",
        ("表.csv", b"\xff\xff\xff"): "这个 .csv 的文字编码不认识。请用 Excel 或 WPS 另存为 .xlsx。",
    }
    for (name, content), words in bad.items():
        await town.say("周镇", command)
        assert words in await answer(town, command, content, name)


@pytest.mark.sqlite_only
@dialogs
async def test_a_csv_with_columns_nobody_knows_is_read_by_those_it_needs(town: Town, command: str) -> None:
    row = {"问题来源": "十项重点任务排查", "问题描述": "房屋漏雨", "整改时限": "2022年10月25日", "村": "白塔村",
           "指标": "公益岗位人数", "今年": "9", "姓名": "张三", "身份证号": ""}  # fmt: skip
    headings = ("没见过的列", *DIALOGS[command].headings)
    text = "\n".join([",".join(headings), ",".join(row.get(heading, "不用管") for heading in headings)])
    await town.say("周镇", command)
    assert DIALOGS[command].taken in await answer(town, command, text.encode("gb18030"), "表.csv")


@pytest.mark.sqlite_only
async def test_a_table_that_nobody_asked_for_finds_its_reader(town: Town) -> None:
    ledger = "问题来源,村,问题描述,整改时限\n十项重点任务排查,白塔村,房屋漏雨,2022年10月25日".encode("gb18030")
    assert "可导入 1 条" in (await town.send_document("周镇", ledger, "台账.csv"))[-1]
    await town.press("周镇", "取消")
    assert "这是老式 .xls" in (await town.send_document("周镇", ENCRYPTED, "台账.xls"))[-1]
    await town.press("周镇", "取消")
    people = "姓名,村,电话,原因\n张三,白塔村,13800001001,漏雨".encode()
    assert "正在和名册核对" in (await town.send_document("周镇", people, "十月筛查.csv"))[-1]
    assert "问题来源" in (await town.send_document("周镇", people, "问题整改指标台账.csv"))[-1], (
        "as before: a ledger of problems"
    )
