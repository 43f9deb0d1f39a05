"""The rule of who gets what while some are on leave: nothing meant for anybody is ever told to nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handlers.engine.absence import receivers, stand_in

PEOPLE = st.integers(1, 8)
AWAY = st.dictionaries(PEOPLE, st.none() | st.integers(1, 12), max_size=8)
"""Deputies from 9 to 12 are never away."""
TOWN = st.lists(st.integers(20, 22), unique=True)


@given(st.lists(PEOPLE, min_size=1), AWAY, TOWN)
def test_nobodys_matter_ends_with_no_receiver(meant: list[int], away: dict[int, int | None], town: list[int]) -> None:
    got = receivers(meant, away, town)
    assert got
    if town:
        assert not set(got) & set(away)


@given(st.lists(PEOPLE, min_size=1), AWAY, TOWN)
def test_those_present_get_their_own_as_always(meant: list[int], away: dict[int, int | None], town: list[int]) -> None:
    got = receivers(meant, away, town)
    assert all(got[one] == () for one in meant if one not in away)
    assert receivers(meant, {}, town) == dict.fromkeys(meant, ())


@given(st.lists(PEOPLE, min_size=1), AWAY, TOWN)
def test_everybody_else_gets_it_for_somebody_absent(meant: list[int], away: dict[int, int | None], town: list[int]) -> None:
    for receiver, absent in receivers(meant, away, town).items():
        if receiver not in meant:
            assert absent
            assert set(absent) <= set(meant) & set(away)


@given(AWAY.filter(bool), st.data())
def test_a_chain_of_deputies_ends_with_somebody_present_or_nobody(away: dict[int, int | None], data: st.DataObject) -> None:
    absent = data.draw(st.sampled_from(sorted(away)))
    assert stand_in(absent, away) not in away


@given(st.permutations(range(1, 6)), TOWN.filter(bool))
def test_a_circle_of_deputies_is_the_towns(circle: list[int], town: list[int]) -> None:
    away: dict[int, int | None] = dict(zip(circle, [*circle[1:], circle[0]], strict=True))
    assert set(receivers(circle[:1], away, town)) == set(town)


def test_a_deputys_deputy_stands_in_for_both() -> None:
    assert receivers([1, 2], {1: 2, 2: 3}, [20]) == {3: (1, 2)}


def test_the_town_gets_what_is_left_only_where_nobody_else_does() -> None:
    assert receivers([1, 4], {1: None}, [20]) == {4: ()}
    assert receivers([1], {1: None}, [20, 21]) == {20: (1,), 21: (1,)}
