"""What looks like an address and was typed by somebody is shown as it is, and leads nowhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.telegram.form import extras
from bot.platforms.telegram.links import typed
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only

OURS = "https://cunbao.example/join/abc"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("请打开 https://evil.example/a?b=c 看看", ["https://evil.example/a?b=c"]),
        ("请打开evil.com，谢谢", ["请打开evil.com"]),
        ("www.evil.com", ["www.evil.com"]),
        ("看村报.中国", ["看村报.中国"]),
        ("tg://resolve?domain=evil", ["tg://resolve?domain=evil"]),
        ("加 @evil_bot 领钱", ["@evil_bot"]),
        ("写信到 a@evil.com。", ["a@evil.com"]),
        ("看「http://1.2.3.4:80/x」", ["http://1.2.3.4:80/x"]),
        ("1.2.3.4", ["1.2.3.4"]),
        ("点 /forget 领钱", ["/forget"]),
        (f"{OURS}\n{OURS}x", [f"{OURS}x"]),
        (f"链接：{OURS}，7 天内有效", []),
        ("1. 房子漏雨 2、没有水", []),
        ("1.房子漏雨", ["1.房子漏雨"]),  # it might end in 房子漏雨, and a mark does no harm
        ("第 1/3 页，和/或，a/b", []),
        ("共 3.5 亩，1.5万元，2022.10.12 前办完...明天见。没有水。", ["前办完...明天见"]),
        ("白塔村一屯张三家；（户号 1001）", []),
    ],
)
def test_what_telegram_would_make_tappable_is_marked_as_it_stands(text: str, marked: list[str]) -> None:
    assert [text[begin:end] for begin, end in typed(text, [OURS])] == marked


@pytest.mark.parametrize(
    "link",
    [
        *(
            f"{name}.{ending}"
            for name in ("补贴", "补贴1", "补贴❤", "a\u0301", "evil~", "a_", "foo-", "हि", "①")
            for ending in ("商城", "香港", "台灣", "рф", "онлайн", "みんな", "企业", "ไทย", "xn--p1ai", "ws")
        ),
        "evil．com", "evil｡com", "evil。com", "evil.\u200ccom", "1.1.1.1:80/x", "@ab", "＠ab", "/1", "/_x", "/forget@evil",
        "tg://join?invite=x", "ton://transfer/x", "http:evil.com", "#领钱", "$ABC", "a@evil.com",
    ],
)  # fmt: skip
def test_whatever_telegram_might_take_for_a_link_is_marked(link: str) -> None:
    text = f"看 {link} 领钱"
    assert [text[begin:end] for begin, end in typed(text, [])] == [link]


_DOTTED = re.compile(r"\S[.．｡][^\W\d_]")


_PIECES = st.text(max_size=20) | st.sampled_from([".", "．", "@", "/", "a", "中", "1", "https://"])


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_no_dot_with_letters_behind_it_is_left_unmarked_and_no_word_is_changed(words: str) -> None:
    at, left = 0, []
    for begin, end in [*typed(words, []), (len(words), len(words))]:
        assert at <= begin <= end
        left.append(words[at:begin])
        at = end
    assert [part for part in left if _DOTTED.search(part) or "://" in part] == []


def test_there_is_never_a_preview() -> None:
    assert extras((), "好的")["link_preview_options"] == {"is_disabled": True}


def test_marks_are_counted_as_telegram_counts() -> None:
    words = "🏠漏雨 evil.com"
    assert extras((), words) == {
        "entities": [{"type": "code", "offset": 5, "length": 8}],
        "link_preview_options": {"is_disabled": True},
    }
    assert "caption_entities" in extras((), words, beside_file=True)


def test_more_than_telegram_looks_at_is_one_mark() -> None:
    text = " ".join(f"evil{number}.com" for number in range(101))
    assert typed(text, []) == [(0, len(text))]


@given(st.text(max_size=300))
def test_every_address_is_within_a_mark(words: str) -> None:
    text = f"{words} http://evil.example {words}"
    at = text.index("http://evil.example")
    assert any(begin <= at and at + 19 <= end for begin, end in typed(text, []))


async def test_an_invitation_can_be_tapped_and_what_a_name_says_cannot(town: Town) -> None:
    for said in ("邀请", "镇里的人", "evil.com"):
        await town.say("周镇", said)
    invited = town.inboxes["周镇"][-1]
    text = invited.text or ""
    assert [link.partition("/join/")[0].partition("?")[0] for link in invited.links] == [
        "https://cunbao.example", "https://t.me/cunbao_bot",
    ]  # fmt: skip
    assert all(link in text for link in invited.links)
    assert [text[begin:end] for begin, end in typed(text, invited.links)] == [
        "请把链接发给evil.com本人",
        "evil.com一加入就告诉您",
    ]
