"""What anyone may see of a sensitive number, also one hidden in free text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.people.masking import mask_bank, mask_id, mask_phone, mask_text

ID = "220881199001011234"
id_numbers = st.from_regex(r"\A[1-8][0-9]{16}[0-9X]\Z")
phones = st.from_regex(r"\A1[3-9][0-9]{9}\Z")
# Texts full of what numbers are made of find more than texts of any characters.
digit_soup = st.text(st.sampled_from("0123456789 -*xX+一二九〇号，１９"), max_size=60)


def shown(text: str) -> int:
    return sum(char.isdigit() for char in text)


def test_each_kind_of_number_keeps_its_ends() -> None:
    assert mask_id(ID) == "2208**********1234"
    assert mask_id("22088119900101123X") == "2208**********123X"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("0436-6321234") == "0436-****1234"
    assert mask_bank("6228480402564890018") == "***************0018"


def test_what_is_too_short_to_keep_its_ends_is_hidden_whole() -> None:
    assert mask_id("2208811") == "*" * 7
    assert mask_phone("6321234") == "*" * 7
    assert mask_bank("1234567") == "*" * 7


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"张三，身份证{ID}，电话13812345678。", "张三，身份证2208**********1234，电话138****5678。"),
        ("证号 220881 19900101 123x", "证号 2208**********123x"),
        ("打 138 1234 5678 或 138-1234-5678", "打 138****5678 或 138****5678"),
        ("打 +86 13812345678", "打 138****5678"),
        ("１３８１２３４５６７８", "138****5678"),
        ("座机 0436-6321234", "座机 0436-****1234"),
        ("卡号 6228 4804 0256 4890 018", "卡号 ***************0018"),
        ("一三八一二三四五六七八", "*******五六七八"),
        ("**13812345678**", "**138****5678**"),
    ],
)
def test_numbers_in_free_text_are_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2022年10月31日，3户，投入 12,500 元",
        "2022-10-31 08:30 编号 2022-0017",
        "村 220881100200 的风险线索",
        "十五户，一百二十三人",
    ],
)
def test_other_figures_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@given(id_numbers)
def test_an_id_number_shows_at_most_eight_characters(number: str) -> None:
    assert sum(char != "*" for char in mask_id(number)) == 8
    assert mask_id(mask_id(number)) == mask_id(number)


@given(st.text(max_size=40))
def test_masking_anything_twice_changes_nothing_more(text: str) -> None:
    for mask in (mask_id, mask_phone, mask_bank):
        masked = mask(text)
        assert mask(masked) == masked


@given(st.text(max_size=10), id_numbers, st.text(max_size=10))
def test_no_id_number_leaks_from_any_text(before: str, number: str, after: str) -> None:
    masked = mask_text(f"{before} {number} {after}")
    assert number not in masked
    assert number[4:14] not in masked


@given(digit_soup, st.sampled_from([" ", ",", "号", "电话"]), phones, st.sampled_from([" ", ",", "。"]), digit_soup)
def test_no_phone_number_leaks_between_other_figures(before: str, gap: str, phone: str, end: str, after: str) -> None:
    assert phone not in re.sub(r"[ -]", "", mask_text(f"{before}{gap}{phone}{end}x{after}").split("x")[0])


@given(st.one_of(digit_soup, st.text(max_size=60)))
def test_masking_text_twice_changes_nothing_more(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
    assert shown(mask_text(text)) <= shown(text)
