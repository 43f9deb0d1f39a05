"""Words for people, by the rules of docs/style.md that a machine can hold: it reads the Chinese literals of the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from handlers.cases.table import ACTS, STEPS
from tests.support.paths import ROOT

HAN = r"[\u4e00-\u9fff]"

HALF_WIDTH = re.compile(rf"{HAN}[,;:!?]|[,;!?]{HAN}|{HAN}\(|\({HAN}|\){HAN}|{HAN}\.{HAN}")
OFFICIALESE = re.compile(
    "请知悉|予以|贵户|特此|务必|兹|敬请|按照要求|切实|不予|该户|您好，系统|操作失败|无权限|非法|无效的|系统异常|参数|提交成功"
)
JARGON = re.compile("线索|核查|核实|授权|复核|异议|评议|公示|销号|纳入|监测对象|风险|入户|台账|提请|消除")
"""What a household need not know."""

LONGEST = 70
"""Characters of one line: three to four lines of a phone."""

NOT_FOR_PEOPLE = {
    "handlers/reading": "patterns of what people say",
    "handlers/quiz/recital": "patterns of what people say",
    "handlers/sentences/understanding": "patterns of what people say",
    "handlers/handbook/everyday_words.py": "words that a question does not need",
    "handlers/handbook/passages.py": "patterns of documents",
    "handlers/handbook/document_heads.py": "patterns of documents",
    "handlers/handbook/document_files.py": "patterns of documents",
    "handlers/reading/percents.py": "patterns of what people say",
    "handlers/indicators/trends.py": "patterns of what people say",
    "handlers/weekly/text.py": "patterns of what people say",
    "handlers/reports/month_text.py": "a document that an office sends up, in its own style",
    "handlers/sentences/tell.py": "patterns of what people say",
    "handlers/ledgers": "columns as the higher office's forms name them",
}
"""Files and folders whose literals are no messages, and what they are instead."""

FOR_HOUSEHOLDS = ("handlers/cases/self_report.py", "handlers/joining/household.py", "handlers/joining/admit.py")
EXCUSED_AT_HOME = {
    "去核实": "a button of the town's office",
    "有人自称": "a message to the town's office",
    "公示时不写": "the promise about the notice that really has this name",
}

OTHER_NAMES = {"帮助": "a word somebody may say for the menu"}
"""Literals in which another name than that of docs/style.md stands, and why."""


class Literal(NamedTuple):
    """A text as it stands in the sources; what is filled in is one `…`."""

    where: str
    text: str


def literals(path: Path) -> Iterator[Literal]:
    """The Chinese texts of a file, without docstrings."""
    tree = ast.parse(path.read_text())
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inside or id(node) in said:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if re.search(HAN, text):
            yield Literal(f"{path.relative_to(ROOT)}:{node.lineno}", text)


def messages(*folders: str) -> list[Literal]:
    """The texts for people on phones."""
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [
        literal
        for file in files
        if not file.relative_to(ROOT).as_posix().startswith(tuple(NOT_FOR_PEOPLE))
        for literal in literals(file)
    ]


MESSAGES = messages("handlers", "bot/web", "bot/platforms", "bot/delivery")


def found(pattern: re.Pattern[str], among: list[Literal]) -> list[str]:
    return [f"{where} {text!r}" for where, text in among if pattern.search(text)]


def test_there_is_something_to_look_at() -> None:
    assert len(MESSAGES) > 800
    assert all((ROOT / path).exists() for path in NOT_FOR_PEOPLE), "an exception for nothing"


def test_no_half_width_punctuation_stands_in_a_chinese_sentence() -> None:
    assert found(HALF_WIDTH, MESSAGES) == []


def test_no_officialese() -> None:
    assert found(OFFICIALESE, MESSAGES) == []


def one_name_for_one_thing() -> list[tuple[str, list[str]]]:
    """Each thing's name and what it is not called, from the table of docs/style.md."""
    _, _, behind = (ROOT / "docs" / "style.md").read_text("utf-8").partition("\n## One name for one thing\n")
    table = behind.partition("\n## ")[0]
    rows = re.findall(r"^\| [a-z].* \| (.+) \| (.+) \|$", table, re.MULTILINE)
    return [(name, others.split("、")) for name, others in rows if name != "name"]


def test_a_thing_has_one_name() -> None:
    """A word that is also another thing's name (上报, 申报) is left to whoever reads the text."""
    rows = one_name_for_one_thing()
    assert len(rows) > 5
    names = {name for name, _ in rows}
    others = "|".join(re.escape(word) for _, words in rows for word in words if word not in names)
    assert found(re.compile(others), [one for one in MESSAGES if one.text not in OTHER_NAMES]) == []
    assert OTHER_NAMES.keys() <= {one.text for one in MESSAGES}, "an exception for nothing"


def test_no_line_is_longer_than_a_glance() -> None:
    long = [text for text in MESSAGES if max(map(len, text.text.split("\n"))) > LONGEST]
    assert [f"{where} {text!r}" for where, text in long] == []


def test_no_message_has_more_than_five_lines() -> None:
    assert [f"{where} {text!r}" for where, text in MESSAGES if text.strip().count("\n") > 4] == []


@pytest.mark.parametrize("path", FOR_HOUSEHOLDS)
def test_a_household_reads_no_jargon(path: str) -> None:
    texts = [one for one in literals(ROOT / path) if not any(part in one.text for part in EXCUSED_AT_HOME)]
    assert found(JARGON, texts) == []


def test_a_household_reads_no_jargon_about_its_case() -> None:
    told = [facts.household for facts in STEPS.values()] + [facts.household for facts in ACTS.values()]
    told += [rule.household for facts in ACTS.values() for rule in facts.rules]
    assert [text for text in told if JARGON.search(text)] == []
