"""The table and the file of measured figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.figures import Figure, at_least, at_most, report, table


def test_a_bound_is_kept_or_not() -> None:
    assert at_most("lost", 0, "answers", 0).holds
    assert not at_most("lost", 1, "answers", 0).holds
    assert at_least("rate", 2.5, "x", 2.5).holds
    assert not at_least("rate", 2.4, "x", 2.5).holds


def test_the_table_has_aligned_columns() -> None:
    shown = table([at_most("lost", 1, "answers", 0, "回答"), Figure("messages", 12345.6)]).splitlines()
    assert shown == [
        "name      value   unit     bound  holds  detail",
        "lost      1       answers  <= 0   NO     回答",
        "messages  12,346",
    ]


@pytest.mark.parametrize(("value", "holds"), [(0, True), (1, False)])
def test_the_file_holds_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str], value: float, holds: bool) -> None:
    path = tmp_path / "build" / "figures.json"
    assert report([at_most("lost", value, "answers", 0, "none")], path) is holds
    assert capsys.readouterr().out.startswith("name")
    assert json.loads(path.read_text()) == [
        {"name": "lost", "value": value, "unit": "answers", "bound": "<= 0", "holds": holds, "detail": "none"}
    ]
