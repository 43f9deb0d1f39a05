"""Long lists: every line is on one page, and the buttons lead from page to page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handlers.wording.paging import PAGE, is_page, page_named, page_of


@given(st.integers(0, 60))
def test_the_pages_hold_every_line_once(count: int) -> None:
    seen: list[int] = []
    said: str | None = ""
    while said is not None:
        shown, turn = page_of(range(count), page_named(said), command="/list")
        seen += shown
        assert len(shown) <= PAGE
        on = [button.says.removeprefix("/list ") for row in turn for button in row if "下一页" in button.label]
        said = on[0] if on else None
    assert seen == list(range(count))


@given(st.integers(0, 60), st.text(max_size=6))
def test_any_page_asked_for_is_one_there_is(count: int, said: str) -> None:
    shown, _ = page_of(range(count), page_named(said), command="/list")
    assert bool(shown) == bool(count)


def test_the_buttons_name_their_place() -> None:
    shown, turn = page_of(range(20), 2, command="/list 7")
    assert list(shown) == list(range(8, 16))
    assert [[(one.label, one.says) for one in row] for row in turn] == [
        [("上一页", "/list 7 1"), ("下一页（2/3）", "/list 7 3")]
    ]
    assert (is_page(""), is_page("2"), is_page("verify")) == (True, True, False)
