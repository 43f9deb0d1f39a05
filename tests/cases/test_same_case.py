"""Whoever reports about a household with an open case: what they may not see is not offered, and joining shows nothing."""

from __future__ import annotations

import pytest

from tests.support.cases import case_after
from tests.support.town import Town


@pytest.mark.sqlite_only
@pytest.mark.parametrize("sentence", [True, False])
async def test_a_unit_is_not_offered_a_case_it_may_not_see_and_reports_apart(town: Town, sentence: bool) -> None:
    await case_after(town, ())
    before = await town.say("冯水", "/clue 1")
    if sentence:
        shown = await town.say("冯水", "白塔村张三家看病花了两万")
    else:
        await town.say("冯水", "/report")
        shown = await town.say("冯水", "1001")
        for said in ("4", "看病花了两万", "跳过"):
            shown += await town.say("冯水", said)
    shown += await town.press("冯水", "提交")
    assert "编号 2" in shown[-1]
    assert not [line for line in shown if "1号" in line or "屋顶漏雨" in line or "同一件" in line]
    assert await town.say("冯水", "/clue 1") == before
    assert any("这户还有没办结的：1号。" in line for line in town.unread("李村"))


@pytest.mark.sqlite_only
async def test_who_reported_in_office_is_shown_their_own_words_and_how_it_stands(town: Town) -> None:
    """Also after the village has found more, and after they have said more."""
    await town.say("冯水", "白塔村张三家房子漏雨")
    await town.press("冯水", "提交")
    await town.say("李村", "/verify 1 found")
    await town.say("李村", "胃癌不外传")
    await town.press("李村", "提交")
    asked = await town.say("冯水", "白塔村张三家墙也裂了")
    assert "1号 住房安全" in "".join(asked)
    shown = await town.say("冯水", "1")
    shown += await town.press("冯水", "提交")
    [seen] = await town.say("冯水", "/clue 1")
    assert "房子漏雨" in seen
    assert "墙也裂了" in seen
    assert "现在：" in seen
    assert not [line for line in [*asked, *shown, seen] if "胃癌" in line]
