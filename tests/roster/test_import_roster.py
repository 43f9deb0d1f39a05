"""The roster comes in from a spreadsheet: whatever its layout, everybody once, in the right household, numbers sealed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from handlers.files.reader import read_sheets
from handlers.files.tables import Cell, TableRow, find_table
from handlers.reading import Unreadable
from handlers.roster.importing import RosterReport, import_roster, read_roster, template
from handlers.roster.rows import ROSTER, Family, RosterPerson, families, read_people
from storage.database import audit
from storage.database.reading import Damage
from storage.people.persons import Directory, Role, officials
from storage.roster import Household, load_roster, members
from storage.store import Store
from tests.support import tables
from tests.support.commands import run
from tests.support.plan import BAITA, PLAN
from tests.support.tables import id_number
from tests.support.town import VAULT, Town

TODAY = date(2022, 10, 12)
HEADINGS = (
    "行政村", "自然屯", "户编号", "户主", "姓名", "与户主关系", "身份证号", "联系电话", "户类型", "帮扶责任人", "有无劳动能力",
)  # fmt: skip
Cells = tuple[Cell, ...]


WANG: Cells = ("白塔村", "一屯", "3001", "王强", "王强", "户主", id_number(1), "13812345678", "脱贫户", "李村", "有")
WIFE: Cells = ("白塔村", "一屯", "3001", "王强", "李梅", "配偶", id_number(2), "", "", "", "无")


def row(cells: Cells = WANG, **changed: Cell) -> Cells:
    """The row with some cells changed, by heading."""
    return tuple((dict(zip(HEADINGS, cells, strict=True)) | changed).values())


def xlsx(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    return tables.xlsx(headings, *rows)


def lines(*rows: Cells, headings: Sequence[str] = HEADINGS) -> list[TableRow[RosterPerson]]:
    table: list[Cells] = [tuple(headings), *rows]
    content = "\n".join(",".join(str(cell) for cell in cells) for cells in table).encode()
    [sheet] = read_sheets(content)
    return read_people(find_table(sheet, ROSTER), PLAN, TODAY)


def reason(**changed: Cell) -> str:
    [line] = lines(row(WANG, **changed))
    return f"{line.column}{line.reason}"


async def take(town: Town, content: bytes) -> RosterReport:
    read = read_roster(content, "", plan=PLAN, today=TODAY)
    async with town.transaction() as tx, tx.session("operator", "import-roster") as session:
        roster, directory = await load_roster(tx.conn, tx.damage), Directory(await officials(tx.conn, tx.damage))
        return await import_roster(Store(session), roster, directory=directory, read=read)


async def homes(town: Town) -> dict[int, Household]:
    async with town.database.read() as conn:
        return {one.number: one for one in (await load_roster(conn, Damage())).by_id.values()}


async def names(town: Town, household: Household) -> set[str]:
    async with town.database.read() as conn:
        found = await conn.execute(sa.select(members.c.name).where(members.c.household_id == household.id))
        return set(found.scalars())


def outcomes(report: RosterReport) -> list[tuple[object, ...]]:
    """Row, name, result, reason and number, as the operator reads them."""
    sheet = openpyxl.load_workbook(io.BytesIO(report.as_sheet())).active
    return list(sheet.iter_rows(min_row=2, values_only=True))


async def test_a_family_comes_in_with_sealed_numbers_and_can_join(town: Town) -> None:
    report = await take(town, xlsx(WANG, WIFE))
    assert (report.imported, report.unchanged, report.households, report.errors) == (2, 0, 1, ())
    home = (await homes(town))[3001]
    assert (home.village, home.group_name, home.head, home.kind) == (BAITA, "一屯", "王强", "脱贫户")
    assert (home.helper_id, home.able_to_work) == (town.people["李村"], True)
    async with town.database.read() as conn:
        kept = (await conn.execute(sa.select(members).where(members.c.name == "王强"))).one()
        assert VAULT.open_text(members.c.id_number, kept) == id_number(1)
        assert id_number(1) not in str(kept)
        assert not await audit.verify(conn, VAULT)
    async with town.transaction() as tx, tx.session() as session:
        assert await Store(session).households.claimed_by(BAITA, "李梅", tail=id_number(2)[-4:]) == [home]
        assert await Store(session).households.claimed_by(BAITA, "王强", tail="5678") == [home]
    await town.say("李村", "/report")
    assert "有什么困难" in str(await town.say("李村", "3001")), "the running bot knows the household"


async def test_the_same_file_twice_has_no_second_effect(town: Town) -> None:
    content = xlsx(WANG, WIFE, row(户编号="", 户主="郑和", 姓名="郑和", 身份证号=id_number(3)))
    assert (await take(town, content)).imported == 3
    before = await homes(town)
    again = await take(town, content)
    assert (again.imported, again.unchanged, again.households, again.errors) == (0, 3, 0, ())
    assert {outcome for _, _, outcome, *_ in outcomes(again)} == {"不变"}
    assert await homes(town) == before


async def test_changed_people_and_households_are_updated_and_nothing_else_is_touched(town: Town) -> None:
    await take(town, xlsx(WANG, WIFE, row(户编号="", 户主="郑和", 姓名="郑和", 身份证号=id_number(3))))
    steps = await audited(town)
    content = xlsx(
        row(自然屯="二屯", 联系电话="13987654321", 户类型="一般户", 帮扶责任人="赵村"),
        row(WIFE, 姓名="李小梅", 与户主关系=""),
        row(户编号="", 户主="郑和", 姓名="郑和", 身份证号=id_number(3)),
    )
    report = await take(town, content)
    assert (report.imported, report.updated, report.unchanged, report.errors) == (0, 2, 1, ())
    assert [(outcome, told) for _, _, outcome, told, _ in outcomes(report)] == [
        ("更新", "改了联系电话；改了自然屯、改了户类型、改了帮扶责任人"),
        ("更新", "改了姓名"),
        ("不变", None),
    ]
    home = (await homes(town))[3001]
    assert (home.group_name, home.kind, home.helper_id) == ("二屯", "一般户", town.people["赵村"])
    assert await names(town, home) == {"王强", "李小梅"}
    assert await audited(town) == steps + 3
    async with town.transaction() as tx, tx.session() as session:
        assert await Store(session).households.claimed_by(BAITA, "王强", tail="4321") == [home]
    again = await take(town, content)
    assert (again.imported, again.updated, again.unchanged) == (0, 0, 3)
    assert await audited(town) == steps + 3


async def test_a_nickname_comes_along_and_finds_the_household(town: Town) -> None:
    headings = (*HEADINGS, "外号")
    await take(town, xlsx((*WANG, "王大个子"), (*WIFE, ""), headings=headings))
    assert (await homes(town))[3001].nickname == "王大个子"
    async with town.database.read() as conn:
        roster = await load_roster(conn, Damage())
    assert [one.number for one in roster.search("王大个子", [BAITA])] == [3001]
    assert roster.search("王大个子", ["220881100200"]) == []
    report = await take(town, xlsx((*WANG, "王老大"), headings=headings))
    assert [told for _, _, _, told, _ in outcomes(report)] == ["改了小名"]
    await take(town, xlsx(WANG))
    assert (await homes(town))[3001].nickname == "王老大", "a roster without the column leaves it alone"


async def test_a_head_may_change_name_or_be_another(town: Town) -> None:
    await take(town, xlsx(WANG, WIFE))
    assert (await take(town, xlsx(row(户编号="", 户主="王自强", 姓名="王自强")))).updated == 1
    assert (await homes(town))[3001].head == "王自强"
    await take(town, xlsx(row(WIFE, 户主="李梅", 与户主关系="户主")))
    home = (await homes(town))[3001]
    assert home.head == "李梅"
    assert await names(town, home) == {"王自强", "李梅"}


async def test_a_roster_neither_begins_nor_ends_monitoring(town: Town) -> None:
    await take(town, xlsx(WANG))
    report = await take(town, xlsx(row(户类型="边缘易致贫户")))
    assert report.updated == 0
    assert "要走程序" in str(outcomes(report))
    assert (await homes(town))[3001].kind == "脱贫户"


async def audited(town: Town) -> int:
    async with town.database.read() as conn:
        assert not await audit.verify(conn, VAULT)
        return (await conn.execute(sa.select(sa.func.count()).select_from(audit.audit))).scalar_one()


async def test_a_bad_row_stops_no_other_and_comes_in_when_mended(town: Town) -> None:
    bad = row(WIFE, 身份证号=id_number(2)[:-1] + ("1" if id_number(2)[-1] != "1" else "2"))
    report = await take(town, xlsx(WANG, bad))
    assert (report.imported, len(report.errors)) == (1, 1)
    assert str(report.errors[0]) == "第 3 行「身份证号」号码里可能有一位写错了（校验位对不上）"
    assert id_number(2)[:-1] not in str(report.errors)
    assert outcomes(report)[0] == (2, "王强", "新增", None, 3001)
    assert (await take(town, xlsx(WANG, WIFE))).imported == 1
    assert await names(town, (await homes(town))[3001]) == {"王强", "李梅"}


async def test_households_without_a_number_are_told_by_village_and_head(town: Town) -> None:
    long = "2208811002030000017"
    report = await take(
        town,
        xlsx(
            row(户编号="", 身份证号=id_number(1)),
            row(WIFE, 户编号=""),
            row(户编号="", 行政村="瓦房村", 身份证号=id_number(3)),
            row(户编号=long, 户主="", 姓名="郑和", 身份证号=id_number(4)),
            row(WIFE, 户编号=long, 户主="", 姓名="郑小和", 与户主关系="长子", 身份证号=id_number(5)),
        ),
    )
    assert (report.imported, report.households, report.errors) == (5, 3, ())
    assert [number for *_, number in outcomes(report)] == [2003, 2003, 2004, 2005, 2005]
    assert await names(town, (await homes(town))[2005]) == {"郑和", "郑小和"}


async def test_what_contradicts_the_roster_is_refused(town: Town) -> None:
    await take(town, xlsx(WANG, WIFE))
    report = await take(
        town,
        xlsx(
            row(户编号="3002", 户主="赵六", 姓名="李梅", 与户主关系="配偶", 身份证号=id_number(2)),
            row(户编号="3001", 姓名="王强", 身份证号=id_number(9)),
            row(户编号="1001", 户主="钱七", 姓名="钱七", 身份证号=id_number(8)),
            row(户编号="1002", 行政村="瓦房村", 身份证号=id_number(7)),
            row(户编号="", 户主="刘伟", 姓名="刘伟", 自然屯="", 身份证号=""),
        ),
    )
    assert report.imported == 0
    told = [error.reason for error in report.errors]
    for part, said in zip(("已登记在 3001", "身份证号不同", "是张三家的", "另一个村", "有 2 户"), told, strict=True):
        assert part in said
    assert set(await homes(town)) == {1001, 1002, 1003, 1004, 1005, 2001, 2002, 3001}


async def test_a_helper_who_joins_later_is_entrusted_with_the_next_import(town: Town) -> None:
    content = xlsx(row(帮扶责任人="后来人"))
    first = await take(town, content)
    assert "还没加入" in str(outcomes(first)[0])
    async with town.transaction() as tx, tx.session("test", "join") as session:
        store = Store(session)
        late = store.people.add("后来人")
        store.people.appoint(late, Role.VILLAGE, region=BAITA)
    await take(town, content)
    assert (await homes(town))[3001].helper_id == late


async def test_any_order_titles_and_other_names_of_the_columns(town: Town) -> None:
    headings = ("证件号码", "姓 名", "村", "户号", "电话(手机)", "与户主关系", "组")
    cells: Cells = (f"{id_number(1)}43", "王  强", "白塔", 3001.0, 13812345678, "户主", "一屯")
    report = await take(town, xlsx(headings, cells, headings=("2022年农户名册",)))
    assert (report.imported, report.errors) == (1, ())
    assert await names(town, (await homes(town))[3001]) == {"王强"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_csv_as_excel_writes_it(town: Town, encoding: str) -> None:
    text = "\r\n".join(",".join(map(str, cells)) for cells in (HEADINGS, WANG, WIFE))
    assert (await take(town, text.encode(encoding))).imported == 2


def test_the_template_is_empty_and_its_example_ignored() -> None:
    with pytest.raises(Unreadable, match="表头下面没有内容"):
        read_roster(template(PLAN), "模板.xlsx", plan=PLAN, today=TODAY)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"行政村": "不存在村"}, "行政村方案里没有"),
        ({"姓名": ""}, "姓名没有填写"),
        ({"户编号": "", "户主": "", "与户主关系": "妻"}, "户主户编号和户主都没写"),
        ({"户主": "张三"}, "与户主关系写的是户主"),
        ({"身份证号": "2.20881E+17"}, "身份证号存成了数字"),
        ({"身份证号": "12345"}, "身份证号身份证号是 18 位"),
        ({"联系电话": "138"}, "联系电话手机号是 11 位"),
        ({"户类型": "富户"}, "户类型没有"),
        ({"有无劳动能力": "也许"}, "有无劳动能力"),
        ({"身份证号": "", "联系电话": "无", "户类型": "一般农户", "有无劳动能力": "丧失劳动力"}, ""),
    ],
)
def test_each_cell_says_what_is_wrong(changed: dict[str, Cell], told: str) -> None:
    said = reason(**changed)
    assert said.startswith(told)
    assert bool(said) is bool(told)


def test_numbers_that_excel_has_cut_are_refused() -> None:
    table = find_table([HEADINGS, row(身份证号=220881197001010000)], ROSTER)
    [line] = read_people(table, PLAN, TODAY)
    assert "末几位已丢失" in line.reason


def test_two_heads_of_one_name_need_a_number() -> None:
    found, wrong = families(lines(row(户编号=""), row(户编号="", 身份证号=id_number(2))))
    assert len(found) == 1
    assert "请写户编号" in wrong[2].reason


def test_nobody_able_to_work_is_said_of_the_household_only_when_it_is_said_of_all() -> None:
    def able(*said: str) -> bool:
        found, _ = families(lines(*(row(WIFE, 姓名=f"成员{at}", 有无劳动能力=one) for at, one in enumerate(said))))
        return bool(found[0].told.get("able_to_work", True))

    assert not able("无", "丧失劳动力")
    assert able("无", "弱劳动力或半劳动力")
    assert able("无", "")


people = st.lists(
    st.tuples(st.sampled_from(["1", "2", ""]), st.sampled_from(["甲", "乙"]), st.sampled_from(["丙", "丁", "甲"])), max_size=8
)


@given(people)
def test_every_row_is_in_one_family_or_refused(told: list[tuple[str, str, str]]) -> None:
    read = lines(*(row(WIFE, 户编号=code, 户主=head, 姓名=name, 身份证号="") for code, head, name in told))
    found, wrong = families(read)
    placed = [at for family in found for at in family.people] + list(wrong)
    assert sorted(placed) == [line.at for line in read if line.value]
    assert all(_of_one_head(family) for family in found)


def _of_one_head(family: Family) -> bool:
    return {one.head for one in family.people.values()} <= {family.head, ""}


def test_the_command_writes_the_outcome_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path / "data"))
    form, file = tmp_path / "模板.xlsx", tmp_path / "名册.xlsx"

    def told(*arguments: str) -> tuple[int, str]:
        done = run("import-roster", *arguments)
        return done.exit_code, done.output

    assert told("--template", str(form))[0] == 0
    assert told(str(form))[0] == 1, "nothing is filled in yet"
    file.write_bytes(xlsx(WANG, WIFE, row(姓名="")))
    code, said = told(str(file))
    assert code == 1
    assert "新增 2 人（新户 1 户）" in said
    assert "第 4 行「姓名」没有填写" in said
    assert (tmp_path / "名册-导入结果.xlsx").exists()
    file.write_bytes(xlsx(row(联系电话="13987654321"), WIFE))
    for _ in range(2):
        assert "更新 1 行，不变 1 行" in told(str(file), "--preview")[1]
    assert "更新 1 行，不变 1 行" in told(str(file))[1]
    assert "更新 0 行，不变 2 行" in told(str(file))[1]
    file.write_bytes(b"PK no spreadsheet")
    assert told(str(file))[0] == 1
    assert told()[0] == 2
