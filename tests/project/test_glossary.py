"""The glossary and the code name the same subjects and the same tables, and each word stands for one thing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import handlers
import storage
from storage.database.tables import all_tables

ROOT = Path(__file__).parents[2]
LINES = [
    [cell.strip(" `") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    if re.match(r"\| [\u4e00-\u9fff]", line)
]
TERMS = [line for line in LINES if len(line) == 5]
"""Said, in code, table, folder, meaning."""


def several(words: list[str]) -> list[str]:
    return [word for word, count in Counter(words).items() if count > 1]


def test_every_table_has_its_line() -> None:
    named = [table for _, _, table, _, _ in TERMS if table]
    assert several(named) == []
    assert set(named) == set(all_tables().tables)


def test_every_subject_has_a_line_and_no_line_has_another_folder() -> None:
    named = {folder for _, _, _, folder, _ in TERMS}
    assert set(handlers.SUBJECTS) | set(storage.SUBJECTS) <= named
    rooms = (ROOT / "handlers", ROOT / "storage")
    assert [
        word
        for word in named
        if not any((room / word / "__init__.py").exists() or (room / f"{word}.py").exists() for room in rooms)
    ] == []


def test_one_word_is_one_thing() -> None:
    assert several([word for line in LINES for word in line[0].split("、")]) == []
    assert several([line[1] for line in LINES]) == []


def test_every_line_is_complete() -> None:
    assert [line for line in LINES if not all((line[0], line[1], line[-1]))] == []
