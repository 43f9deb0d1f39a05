"""A unit's list is read whatever its layout, and nobody is taken for somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.files.tables import Cell, Row, TableRow, find_table
from handlers.reading import Unreadable
from handlers.screening.match import MOST, KnownPeople, heads_of, match
from handlers.screening.rows import SCREENING_LIST, ListedPerson, ScreeningColumn, kinds_of, read_people
from storage.roster import Household
from storage.screening.records import Namesake, RowState
from tests.support.plan import BAITA, PLAN, TOWN, WAFANG
from tests.support.tables import id_number

TODAY = date(2022, 10, 12)
HEADINGS = ("序号", "姓名", "身份证号", "行政村", "屯组", "联系电话", "预警原因", "自付金额", "备注")


WANG: Row = (1, "王梅", id_number(1), "白塔村", "一屯", "13812345678", "大病住院", 23000, "急")


def lines(*rows: Row, headings: Row = HEADINGS) -> list[TableRow[ListedPerson]]:
    return read_people(find_table([headings, *rows], SCREENING_LIST), PLAN, TODAY)


def one(**changed: Cell) -> TableRow[ListedPerson]:
    """The line of 王梅 with some cells changed, by heading."""
    row = tuple((dict(zip(HEADINGS, WANG, strict=True)) | changed).values())
    [line] = lines(row)
    return line


def entry(**changed: Cell) -> ListedPerson:
    found = one(**changed).value
    assert found is not None, one(**changed)
    return found


def test_a_full_row_is_understood_and_numbers_are_masked() -> None:
    found = entry()
    assert (found.name, found.village, found.group, found.id_number) == ("王梅", BAITA, "一屯", id_number(1))
    assert found.reason == "大病住院；自付 23000 元；急"
    assert found.kinds == ("medical",)
    assert id_number(1)[4:14] not in found.shown_id
    assert found.shown_phone == "138****5678"


def test_headings_by_other_names_full_width_below_a_title() -> None:
    sheet: list[Row] = [
        ("瓦房镇２０２２年医保筛查名单",),
        (),
        ("　患者姓名", "公民 身份号码", "所在村：", "病种", "合规自付金额(元)"),
        ("王　梅", f"{id_number(1)[:-1]}{id_number(1)[-1]}", "瓦房镇白塔村一屯", "尿毒症", "３万元"),
        ("合计", None, None, None, 30000),
    ]
    [line] = read_people(find_table(sheet, SCREENING_LIST), PLAN, TODAY)
    assert line.value is not None
    assert (line.value.name, line.value.village, line.value.kinds) == ("王梅", BAITA, ("medical",))
    assert line.value.reason == "尿毒症；自付 3万元"


def test_only_the_head_of_the_household_may_be_named() -> None:
    [line] = lines(("张三", "白塔村", "漏雨"), headings=("户主姓名", "村", "原因"))
    assert line.value is not None
    assert (line.value.name, line.value.head, line.value.kinds) == ("张三", "张三", ("housing",))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"姓名": ""}, "姓名没有填写"),
        ({"身份证号": "12345"}, "身份证号身份证号是 18 位"),
        ({"身份证号": "2.20881E+17"}, "身份证号存成了数字"),
        ({"身份证号": "", "行政村": "不存在村"}, "行政村方案里没有"),
        ({"身份证号": "", "行政村": ""}, "行政村没有填写"),
        ({"预警原因": "=A1"}, "预警原因这一格是公式"),
    ],
)
def test_each_mistake_is_named_with_its_column(changed: dict[str, Cell], told: str) -> None:
    line = one(**changed)
    assert line.value is None
    assert f"{line.column}{line.reason}".startswith(told)


def test_what_does_not_matter_is_no_mistake() -> None:
    assert entry(行政村="外地").village == ""
    assert entry(联系电话="138").shown_phone == ""
    masked = entry(身份证号="2208**********0012")
    assert (masked.id_number, masked.shown_id) == (None, "2208**********0012")
    assert entry(备注=f"本人{id_number(2)}").reason.endswith("；本人2208**********" + id_number(2)[-4:])


@pytest.mark.parametrize(
    ("headings", "told"),
    [(("甲", "乙", "丙"), "没有找到表头"), (("序号", "村", "原因"), "姓名"), (("序号", "姓名", "原因"), "身份证号或行政村")],
)
def test_missing_columns_are_named(headings: Row, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        find_table([headings], SCREENING_LIST)


@pytest.mark.parametrize(
    ("reason", "kinds"),
    [
        ("未参保", ["insurance"]),
        ("疑似辍学；父亲因意外去世", ["education", "accident"]),
        ("D级危房，冬季缺水", ["housing", "water"]),
        ("医保报销后自付较大", ["medical"]),
        ("养殖病虫害", ["industry"]),
        ("收入骤减", ["income"]),
        ("见附件", []),
    ],
)
def test_reasons_are_the_plans_risk_kinds(reason: str, kinds: list[str]) -> None:
    assert list(kinds_of(reason, PLAN.risk_kinds)) == kinds


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.dates(), st.booleans()), max_size=10))
def test_any_row_is_somebody_or_has_a_reason(row: list[Cell]) -> None:
    for line in lines(row):
        assert line.value or (line.column in [column.value for column in ScreeningColumn] and line.reason)


def home(number: int, head: str, village: str = BAITA) -> Household:
    return Household(id=number, number=number, village=village, group_name="一屯", head=head, kind="一般户")


def known(homes: Sequence[Household], members: Sequence[Namesake]) -> KnownPeople:
    roster = {one.id: one for one in homes}
    found = KnownPeople(roster, heads_of(roster))
    for one in members:
        found.by_name[one.name].append(one)
        if one.id_blind:
            found.by_id[one.id_blind].append(one)
    return found


def person(name: str, village: str = BAITA, head: str = "") -> ListedPerson:
    return ListedPerson(name, head, None, "", village, "", "", "", ())


MEI = Namesake(household_id=1, name="王梅", id_blind="b1")
FAMILY = known([home(1, "王强")], [Namesake(household_id=1, name="王强", id_blind=None), MEI])


@pytest.mark.parametrize(
    ("who", "blind", "state"),
    [
        (person("王梅", ""), "b1", RowState.READY),
        (person("王美", ""), "b1", RowState.ASK),
        (person("王梅"), None, RowState.ASK),
        (person("王强"), "b9", RowState.ASK),
        (person("王梅"), "b9", RowState.UNKNOWN),
        (person("王梅", ""), "b9", RowState.UNKNOWN),
        (person("王小", head="王强"), "b9", RowState.ASK),
        (person("王梅", WAFANG), None, RowState.UNKNOWN),
    ],
)
def test_only_number_and_name_together_are_certain(who: ListedPerson, blind: str | None, state: RowState) -> None:
    assert match(who, blind, region=TOWN, known=FAMILY).state is state


def test_other_towns_households_do_not_exist() -> None:
    assert match(person("王梅", ""), "b1", region="220881200", known=FAMILY).state is RowState.UNKNOWN


people = st.sampled_from(["甲", "乙", "丙"])
blinds = st.sampled_from(["x", "y", None])


@given(
    st.lists(st.tuples(people, st.sampled_from([BAITA, WAFANG])), max_size=8),
    st.lists(st.tuples(st.integers(0, 7), people, blinds), max_size=8),
    people,
    blinds,
    st.sampled_from([BAITA, WAFANG, ""]),
)
def test_whoever_is_matched_was_named_by_number_and_nobody_with_another_number_is_offered(
    homes: list[tuple[str, str]], members: list[tuple[int, str, str | None]], name: str, blind: str | None, village: str
) -> None:
    listed = [home(number, head, where) for number, (head, where) in enumerate(homes)]
    persons = [Namesake(household_id=key, name=who, id_blind=mark) for key, who, mark in members if key < len(homes)]
    found = match(person(name, village), blind, region=TOWN, known=known(listed, persons))
    assert (found.state is RowState.UNKNOWN) == (not found.households)
    assert bool(found.why) == (found.state is not RowState.READY)
    assert len(found.households) <= MOST
    if found.state is RowState.READY:
        [only] = found.households
        assert any(p.household_id == only.id and p.name == name and p.id_blind == blind for p in persons)
    if found.state is RowState.ASK and not any(p.id_blind == blind and blind for p in persons):
        assert {one.village for one in found.households} == {village}
