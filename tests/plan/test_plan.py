"""Plan folders: the real plan is complete, mistakes are told by line, and dates can be moved."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from storage import plan as plans
from storage.plan import (
    NumberQuestion,
    PlanError,
    RecitalQuestion,
    SingleQuestion,
    builtin_plans,
    lacks,
    load_plan,
    shift,
    write_missing,
    write_shifted,
)

WAFANG = builtin_plans()["wafang-2022"]
PLAN = load_plan(WAFANG)
DOCS = Path(__file__).parents[2] / "docs" / "plan-format.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the real plan to break."""
    return Path(shutil.copytree(WAFANG, tmp_path / "wafang-2022"))


def change(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the only `old` in a file; return the line on which it stood."""
    path = folder / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def complaint(folder: Path) -> str:
    with pytest.raises(PlanError) as caught:
        load_plan(folder)
    return str(caught.value)


# ---- The real plan


def test_every_numbered_item_of_the_document_is_there() -> None:
    assert [item.id for item in PLAN.items] == [
        *["1"],
        *["2", "2.1", "2.2", "2.3", "2.4", "2.5"],
        *["3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"],
        *["4.1", "4.2", "4.3", "4.4", "4.5", "4.6"],
        *["5.1", "5.2", "5.3", "5.4", "5.5"],
        *["6.1", "6.1.1", "6.1.2", "6.1.3", "6.1.4", "6.2", "6.2.1"],
        *["7.1", "7.2"],
        *["8", "8.1", "8.2"],
    ]
    assert [area.numeral for area in PLAN.areas] == list("一二三四五六七八")


def test_phases_are_the_documents() -> None:
    assert [(phase.name, phase.first, phase.last) for phase in PLAN.phases] == [
        ("动员培训", date(2022, 9, 30), date(2022, 10, 11)),
        ("排查整改", date(2022, 10, 12), date(2022, 10, 31)),
        ("加强督导", date(2022, 10, 17), date(2022, 10, 31)),
        ("考核评估", date(2022, 11, 1), date(2022, 11, 15)),
    ]
    assert PLAN.days["mobilise.kickoff"] == date(2022, 10, 1)
    assert len(PLAN.problem_sources) == 5
    assert PLAN.sampling_ratio == 0.3


def test_seventeen_villages_found_by_code_and_name() -> None:
    assert len(PLAN.villages) == 17
    assert PLAN.village_named("白塔村") is PLAN.village("220881100203") is PLAN.village_named("白塔")


@pytest.mark.parametrize(
    ("risk", "offices"),
    [
        ("housing", ["镇乡建办"]),
        ("water", ["镇水管所"]),
        ("education", ["镇中心小学", "镇中学"]),
        ("medical", ["镇卫生院"]),
        ("insurance", ["镇劳动保障事务所"]),
        ("income", ["镇乡村振兴办"]),
        ("marriage_funeral", ["组织", "宣传"]),
    ],
)
def test_a_risk_goes_to_the_office_that_handles_it(risk: str, offices: list[str]) -> None:
    assert [unit.name for unit in PLAN.units_for_risk(risk)] == offices


def test_every_risk_has_an_office() -> None:
    assert all(PLAN.units_for_risk(kind.code) for kind in PLAN.risk_kinds)


def test_a_group_stands_for_its_members() -> None:
    assert PLAN.unit("water") in PLAN.units_for("1")
    assert all(not unit.members for item in PLAN.items for unit in PLAN.units_for(item.id))


def test_a_unit_knows_its_tasks_by_any_of_its_names() -> None:
    assert PLAN.unit("镇劳动事务保障所") is PLAN.unit("labor")
    assert {"2.3", "6.2.1"} <= {item.id for item in PLAN.items_for("劳动保障事务所")}
    assert [area.code for area in PLAN.areas_for("housing")] == ["1", "2", "3", "6", "8"]


def test_clauses_are_cited_as_in_the_document() -> None:
    assert PLAN.clause_label("2.4") == "(二)4 住房安全"
    assert PLAN.clause_label("6.1.2") == "(六)1(2) 农村道路"
    assert PLAN.clause_label("时间安排(二)") == "时间安排(二)"


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        (date(2022, 9, 29), []),
        (date(2022, 10, 11), ["mobilise"]),
        (date(2022, 10, 12), ["rectify"]),
        (date(2022, 10, 31), ["rectify", "supervise"]),
        (date(2022, 11, 15), ["assess"]),
    ],
)
def test_the_phases_of_a_day(day: date, codes: list[str]) -> None:
    assert [phase.code for phase in PLAN.phases_on(day)] == codes


def test_what_does_not_exist_is_not_found() -> None:
    for look_up in (PLAN.item, PLAN.unit_named, PLAN.village_named, PLAN.phase, PLAN.question):
        with pytest.raises(KeyError):
            look_up("nowhere")


def test_a_code_of_a_row_that_the_plan_does_not_have_is_shown_as_it_is() -> None:
    assert (PLAN.unit("old").name, PLAN.village("22").name, PLAN.source("old").label) == ("old", "22", "old")
    assert (PLAN.risk("old").label, PLAN.area("99.1").title) == ("old", "99")
    assert (PLAN.units_for("99.1"), PLAN.units_for_risk("old"), PLAN.items_for("old")) == ((), (), ())


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PLAN.title = "别的"  # type: ignore[misc]


# ---- The quiz


def test_the_quiz_is_large_and_mixed_enough() -> None:
    forms = Counter(question.form for question in PLAN.questions)
    assert sum(forms.values()) >= 85
    assert forms["recital"] >= 12
    assert all(forms[form] >= 15 for form in ("single", "several", "truefalse", "number"))


def test_every_area_phase_and_other_clause_is_asked_about() -> None:
    asked = {clause for question in PLAN.questions for clause in question.clauses}
    assert {area.code for area in PLAN.areas} <= {clause.partition(".")[0] for clause in asked}
    assert {*(phase.clause for phase in PLAN.phases), *PLAN.other_clauses} <= asked


def test_figures_asked_for_are_the_plans() -> None:
    figures = {item.id: {(quantity.value, quantity.unit) for quantity in item.quantities} for item in PLAN.items}
    checked = 0
    for question in PLAN.questions:
        if isinstance(question, NumberQuestion) and figures.get(question.clause):
            checked += 1
            assert question.answer in {value for value, _ in figures[question.clause]}, question.id
    assert checked >= 10


@pytest.mark.parametrize("code", ["mobilise", "rectify", "assess"])
def test_lengths_asked_for_are_the_phases(code: str) -> None:
    phase, question = PLAN.phase(code), PLAN.question(f"n-{code}-days")
    assert isinstance(question, NumberQuestion)
    assert question.answer == (phase.last - phase.first).days + 1


def test_a_recitals_points_each_know_their_clause() -> None:
    recitals = [question for question in PLAN.questions if isinstance(question, RecitalQuestion)]
    assert all(point.clause in PLAN.clauses for question in recitals for point in question.points)


def test_no_point_of_a_recital_is_satisfied_by_another_points_own_name() -> None:
    """Saying one point alone must not count for two."""
    for question in PLAN.questions:
        if isinstance(question, RecitalQuestion):
            for said in question.points:
                met = [point.text for point in question.points if any(w in said.text for w in point.accept)]
                assert met == [said.text], question.id


def test_questions_name_the_plans_days() -> None:
    question = PLAN.question("s-rectify-days")
    assert isinstance(question, SingleQuestion)
    assert question.answer == "10月12日到10月31日"
    recital = PLAN.question("r-supervise")
    assert isinstance(recital, RecitalQuestion)
    assert recital.points[0].accept == ("10月17日", "10月17号")


# ---- Other dates


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_shifting_keeps_lengths_and_distances(first_day: date) -> None:
    moved = shift(PLAN, first_day)
    assert moved.phases[0].first == first_day
    by = first_day - PLAN.phases[0].first
    assert {name: day - by for name, day in moved.days.items()} == PLAN.days
    assert shift(moved, PLAN.phases[0].first) == PLAN


def test_a_shifted_plan_asks_for_its_own_days() -> None:
    moved = shift(PLAN, date(2026, 3, 2))
    question = moved.question("s-kickoff-day")
    assert isinstance(question, SingleQuestion)
    assert question.answer == "3月3日"
    assert moved.phases_on(date(2026, 3, 14))[0] == moved.phase("rectify")
    assert PLAN.phase("rectify").first == date(2022, 10, 12)


def test_a_plan_written_for_other_dates_reads_back_with_its_comments(tmp_path: Path) -> None:
    written = write_shifted(WAFANG, date(2026, 3, 2), tmp_path / "wafang-2026")
    again = load_plan(tmp_path / "wafang-2026")
    assert again == written
    assert again.id == "wafang-2026"
    assert again.phases == shift(PLAN, date(2026, 3, 2)).phases
    comments = [re.findall("#.*", (folder / "plan.toml").read_text("utf-8")) for folder in (WAFANG, tmp_path / again.id)]
    assert comments[0] == comments[1]


def test_a_day_in_a_comment_stays(folder: Path, tmp_path: Path) -> None:
    change(folder, "plan.toml", "on = 2022-10-01", "on = 2022-10-01 # meeting moved from 2022-09-30")
    write_shifted(folder, date(2026, 3, 2), tmp_path / "new")
    assert "on = 2026-03-03 # meeting moved from 2022-09-30" in (tmp_path / "new" / "plan.toml").read_text("utf-8")


def test_an_existing_folder_is_not_overwritten(folder: Path) -> None:
    before = (folder / "plan.toml").read_bytes()
    with pytest.raises(PlanError, match="已经有了"):
        write_shifted(WAFANG, date(2026, 3, 2), folder)
    assert (folder / "plan.toml").read_bytes() == before


def test_nothing_is_written_under_a_bad_name(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="id"):
        write_shifted(WAFANG, date(2026, 3, 2), tmp_path / "新 方案")
    assert not list(tmp_path.iterdir())


# ---- Mistakes


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("plan.toml", 'units = ["housing"]', 'units = ["hosing"]', "units: 没有单位“hosing”"),
        ("plan.toml", "sampling_ratio = 0.3", "sampling_ratio = 1.3", "sampling_ratio: 不能大于 1"),
        ("plan.toml", "quiz_daily = 5", "quiz_daily = 0", "quiz_daily: 不能小于 1"),
        ("plan.toml", "before = [7, 3, 1, 0]", "before = [3, 7]", "before 要从大到小"),
        ("plan.toml", "last = 2022-11-15", "last = 2022-10-15", "last: 结束日早于开始日"),
        ("plan.toml", "first = 2022-10-17", "first = 2022-10-10", "first: 开始日早于上一阶段"),
        ("plan.toml", "on = 2022-10-01", "on = 2022-12-01", "on: 节点“部署会”不在本阶段之内"),
        ("plan.toml", 'id = "2.4"', 'id = "3.9"', "id: 编号“3.9”不属于第 2 方面"),
        ("plan.toml", 'id = "2.2"', 'id = "2.1"', "id: 任务编号“2.1”重复"),
        ("plan.toml", 'item = "2.5"\nurgent', 'item = "2.9"\nurgent', "item: 没有任务“2.9”"),
        ("plan.toml", "every_days = 90", "every_days = 0", "every_days: 不能小于 1"),
        ("plan.toml", 'risk = "medical"', 'risk = "health"', "risk: 没有风险类型“health”"),
        ("plan.toml", 'phase = "rectify"', 'phase = "check"', "phase: 没有阶段“check”"),
        ("plan.toml", 'item = "4.4"\nunit = "户"', 'item = "4.9"\nunit = "户"', "item: 没有任务“4.9”"),
        ("plan.toml", 'aliases = ["水管所"]', 'aliases = ["乡建办"]', "aliases: 单位“乡建办”重复"),
        ("plan.toml", 'aliases = ["水管所"]', 'alias = ["水管所"]', "alias: 不认识这一项"),
        ("plan.toml", "opens = 07:30:00", 'opens = "早上"', "opens: 要写成时刻"),
        ("plan.toml", "first = 2022-10-12", 'first = "十月"', "first: 要写成日期"),
        ("plan.toml", "quiz_daily = 5", "quiz_daily = ", "TOML 写法不对"),
        ("quiz.toml", 'clause = "2.5"\ntext = "村里停水了', 'clause = "2.7"\ntext = "村里停水了', "clause: 没有条款“2.7”"),
        ("quiz.toml", 'answer = "先治疗，后付费"', 'answer = "先付费"', "answer“先付费”不在 options 里"),
        ("quiz.toml", 'id = "n-loop"', 'id = "t-fake"', "id: 题号“t-fake”重复"),
        ("quiz.toml", 'id = "t-fake"\nform = "truefalse"', 'id = "t-fake"\nform = "essay"', "form 只能是"),
        ("lexicon.toml", 'code = "water"', 'code = "wells"', "code: 没有风险类型“wells”"),
        ("lexicon.toml", 'code = "water"', 'code = "housing"', "code: 风险类型的词“housing”重复"),
        ("lexicon.toml", "negations = [", "negation = [", "negation: 不认识这一项：可能写错了"),
        ("lexicon.toml", '"房盖…掀/刮/没"', '"房盖… 掀"', "“房盖… 掀”写法不对：不留空格，/ 和 … 的两边都要有字"),
        ("lexicon.toml", 'intent = "visit"', 'intent = "travel"', "intent: "),
        ("villages.csv", "220881100203", "220881100202", "村代码“220881100202”重复"),
        ("villages.csv", "220881100203", "220881200203", "村代码要 12 位，以 220881100 开头"),
        ("villages.csv", "code,village", "代码，村", "表头要写成 code,village"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(folder: Path, name: str, old: str, new: str, says: str) -> None:
    line = change(folder, name, old, new)
    told = complaint(folder)
    assert says in told
    found = re.search(rf"{re.escape(name)} 第 (\d+) 行", told)
    assert found, told
    # A question's own contradictions are told at its head, a few lines above the key.
    assert line - 6 <= int(found[1]) <= line


def test_a_town_outside_its_county_is_refused(folder: Path) -> None:
    change(folder, "plan.toml", 'code = "220881"', 'code = "220882"')
    assert "乡镇代码要 9 位，以 220882 开头" in complaint(folder)


def test_a_key_below_a_long_list_is_still_found(folder: Path) -> None:
    change(folder, "plan.toml", "before = [7, 3, 1, 0]", "before = [\n  7, # a week\n  3,\n  1,\n]")
    line = change(folder, "plan.toml", "climb_after = 2", "climb_after = 0")
    assert f"plan.toml 第 {line} 行： climb_after: 不能小于 1" in complaint(folder)


def test_many_mistakes_are_counted_not_poured_out(folder: Path) -> None:
    path = folder / "quiz.toml"
    path.write_text(re.sub("(?m)^explanation = .*$", "", path.read_text("utf-8")), "utf-8")
    with pytest.raises(PlanError) as caught:
        load_plan(folder)
    assert len(caught.value.problems) == len(PLAN.questions)
    assert len(str(caught.value).splitlines()) == 5
    assert f"还有 {len(PLAN.questions) - 4} 处" in str(caught.value)


@pytest.mark.parametrize("name", ["plan.toml", "quiz.toml", "villages.csv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert complaint(folder).startswith(f"缺少 {name}")


def test_a_file_in_another_encoding_is_named(folder: Path) -> None:
    (folder / "villages.csv").write_bytes("code,village\n220881100203，白塔村\n".encode("gbk"))
    assert complaint(folder) == "villages.csv: 请另存为 UTF-8 编码"


def test_excels_mark_at_the_start_does_no_harm(folder: Path) -> None:
    path = folder / "villages.csv"
    path.write_text(path.read_text("utf-8"), "utf-8-sig")
    assert load_plan(folder).villages == PLAN.villages


# ---- Plans of earlier versions

FOLDERS = Path(__file__).parent / "folders"
"""What `cunbao plan new` of earlier versions wrote, named for their last migration; without the word list."""


@pytest.fixture(params=["version_0001", "version_0004"])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDERS / request.param, tmp_path / "baita-2023"))


def test_a_plan_of_an_earlier_version_opens_and_means_the_same_when_completed(former: Path) -> None:
    before = load_plan(former)
    assert before.selfcheck == PLAN.selfcheck
    assert before.burden == PLAN.burden
    assert lacks(former)[-1] == "lexicon.toml"
    texts = {path.name: path.read_text("utf-8") for path in former.iterdir()}
    assert write_missing(former)
    assert (lacks(former), write_missing(former)) == ([], [])
    assert load_plan(former) == before
    for name, text in texts.items():
        kept = iter((former / name).read_text("utf-8").splitlines())
        assert all(line in kept for line in text.splitlines()), "every line stands where it stood, in the same order"


def test_what_was_added_is_said_and_marked(former: Path) -> None:
    lacked = lacks(former)
    assert write_missing(former) == lacked
    marks = (former / "plan.toml").read_text("utf-8").count("由 cunbao plan upgrade 补上")
    assert marks == len({key.split(".")[0] for key in lacked if key != "lexicon.toml"})


@pytest.mark.parametrize(
    "gone",
    ["sampling_ratio = .*", "quiz_daily = .*", "ask_again = .*", "opens = .*", r"\[selfcheck\][^\[]*", r"\[clocks\][^\[]*"],
)
def test_what_a_plan_lacks_is_the_usual_and_can_be_written_into_it(folder: Path, gone: str) -> None:
    path = folder / "plan.toml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(f"(?m)^{gone}\n", "# mine\n", text, count=1).replace("\n", "\r\n"), "utf-8-sig", newline="")
    before = load_plan(folder)
    assert before == PLAN
    assert write_missing(folder)
    assert load_plan(folder) == before
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert "# mine" in path.read_text("utf-8-sig")


def test_a_self_check_is_looked_for_among_what_the_plan_has(folder: Path) -> None:
    path = folder / "plan.toml"
    text = re.sub(r"(?m)^\[selfcheck\][^\[]*", "", path.read_text("utf-8"), count=1).replace('"ten_tasks"', '"ours"')
    path.write_text(text, "utf-8")
    assert load_plan(folder).selfcheck.source == load_plan(folder).problem_sources[0].code
    write_missing(folder)
    assert load_plan(folder).selfcheck.phase == "rectify"


def test_a_plan_with_mistakes_is_not_touched(former: Path) -> None:
    change(former, "plan.toml", "quiz_daily = 5", "quiz_daily = 50")
    before = {path.name: path.read_bytes() for path in former.iterdir()}
    with pytest.raises(PlanError, match="quiz_daily"):
        write_missing(former)
    assert {path.name: path.read_bytes() for path in former.iterdir()} == before


def test_a_key_of_a_later_version_is_told_as_such(folder: Path) -> None:
    line = change(folder, "plan.toml", "quiz_daily = 5", "quiz_daily = 5\nquiz_weekly = 9")
    assert f"plan.toml 第 {line + 1} 行： quiz_weekly: 不认识这一项" in complaint(folder)
    assert "更新版本的 cunbao" in complaint(folder)


def test_every_key_is_documented() -> None:
    page = DOCS.read_text("utf-8")
    parts = [part for name in plans.__all__ if isinstance(part := getattr(plans, name), type) and issubclass(part, BaseModel)]
    keys = {key for part in parts for key in part.model_fields} - {"villages", "written", "areas", "phases", "units"}
    assert not [key for key in sorted(keys) if not re.search(rf"\b{key}\b", page)]
