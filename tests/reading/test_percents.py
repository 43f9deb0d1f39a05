"""How far it is, heard in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading.percents import percent_in


@pytest.mark.parametrize(
    ("said", "percent"),
    [
        ("屋顶已重铺瓦，80%", 80),
        ("路面铺了百分之六十", 60),
        ("干了八成", 8 * 10),
        ("差不多七成半了", 75),
        ("管道换了一半", 50),
        ("全部做完，１００％", 100),
        ("屋顶已重铺瓦", None),
        ("三成改成了五成", None),
        ("成本降了", None),
        ("五成为界", None),
        ("超了 120%", None),
    ],
)
def test_a_percentage_is_heard_in_a_sentence(said: str, percent: int | None) -> None:
    assert percent_in(said) == percent


@given(st.text(max_size=60))
def test_whatever_is_said_gives_a_percentage_or_none(said: str) -> None:
    heard = percent_in(said)
    assert heard is None or 0 <= heard <= 100


@given(st.integers(0, 100))
def test_every_percentage_is_heard(percent: int) -> None:
    assert percent_in(f"已完成{percent}%") == percent
