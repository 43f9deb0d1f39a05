"""Two lists held against each other: nobody is lost, nobody is two people, and neither list is favoured."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reconciling.match import Clash, Facts, Field, Home, ListMatch, Named, differing, match, should_be_there

lists = st.lists(
    st.tuples(st.sampled_from("甲乙丙"), st.sampled_from(["", "a", "b"]), st.sampled_from([None, "1", "2", "3"])), max_size=9
).map(lambda people: [Named(key, *one) for key, one in enumerate(people)])


def swapped(found: ListMatch) -> ListMatch:
    clashes = [Clash(one.right, one.left) for one in found.clashes]
    return ListMatch(sorted((b, a) for a, b in found.pairs), found.right_only, found.left_only, clashes)


@given(lists, lists)
def test_everybody_is_in_a_pair_on_one_side_or_in_a_clash_exactly_once(left: list[Named], right: list[Named]) -> None:
    found = match(left, right)
    placed = Counter([pair[0] for pair in found.pairs] + found.left_only)
    placed += Counter(key for clash in found.clashes for key in clash.left)
    assert placed == Counter(one.key for one in left)
    placed = Counter([pair[1] for pair in found.pairs] + found.right_only)
    placed += Counter(key for clash in found.clashes for key in clash.right)
    assert placed == Counter(one.key for one in right)


@given(lists, lists)
def test_swapping_the_lists_swaps_the_sides(left: list[Named], right: list[Named]) -> None:
    there, back = match(left, right), swapped(match(right, left))
    assert (there.pairs, there.left_only, there.right_only) == (back.pairs, back.left_only, back.right_only)
    assert set(there.clashes) == set(back.clashes)


@given(lists, lists)
def test_a_pair_has_one_number_or_one_name_and_village(left: list[Named], right: list[Named]) -> None:
    for a, b in match(left, right).pairs:
        one, other = left[a], right[b]
        by_number = one.mark and one.mark == other.mark
        assert by_number or (one.name, one.village) == (other.name, other.village)


@given(lists)
def test_a_list_without_doubles_agrees_with_itself(people: list[Named]) -> None:
    distinct = list({(one.name, one.village): one for one in people}.values())
    distinct = list({one.mark or one.key: one for one in distinct}.values())
    found = match(distinct, distinct)
    assert found.pairs == sorted((one.key, one.key) for one in distinct)


def test_a_number_counts_for_more_than_a_name() -> None:
    ours = [Named(1, "张三", "a", "1"), Named(2, "张三", "a", "2")]
    assert match(ours, [Named(7, "张山", "b", "2")]) == ListMatch([(2, 7)], [1], [])


def test_namesakes_without_a_number_are_for_a_person_to_tell_apart() -> None:
    ours = [Named(1, "刘伟", "a", "1"), Named(2, "刘伟", "a", "2")]
    assert match(ours, [Named(7, "刘伟", "a")]) == ListMatch([], [], [], [Clash((1, 2), (7,))])


def test_what_one_side_does_not_say_is_no_difference() -> None:
    ours = Facts(name="张三", village="a", kind="脱贫户", size=3, phone="13800001001")
    assert differing(ours, Facts(name="张三", kind="一般户", phone=None)) == [Field.KIND]
    assert differing(ours, ours) == []


def test_of_two_numbers_nothing_else_is_compared() -> None:
    assert differing(Facts(id_number="1", kind="脱贫户"), Facts(id_number="2", kind="一般户")) == [Field.ID_NUMBER]


texts = st.sampled_from(["", "甲", "乙"])
facts = st.builds(
    Facts, name=texts, id_number=texts, village=texts, kind=texts, size=st.none() | st.integers(1, 3), phone=texts
)


@given(facts, facts)
def test_differing_is_the_same_from_both_sides(one: Facts, other: Facts) -> None:
    assert differing(one, other) == differing(other, one)
    assert differing(one, one) == []


@pytest.mark.parametrize(
    ("each", "missing"), [(False, [(2, None)]), (True, [(1, 12), (2, None)])], ids=["households", "people"]
)
def test_only_households_that_the_list_is_about_are_missing(each: bool, missing: list[tuple[int, int | None]]) -> None:
    homes = [
        Home(1, "a", "脱贫户", (11, 12)),
        Home(2, "a", "脱贫户", (21,)),
        Home(3, "a", "一般户", (31,)),
        Home(4, "b", "脱贫户", (41,)),
    ]
    assert should_be_there(homes, {11}, {"脱贫户"}, {"a"}, each=each) == missing
