"""The county's sample: anybody draws the same, at least the plan's share of every village."""

from __future__ import annotations

import asyncio
import io
import random
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot.setup.installation import open_installation
from bot.setup.settings import load_settings
from handlers.inspections.draw import additional, draw, sample_size
from storage.database.transaction import transaction
from storage.problems.records import NewProblem
from storage.problems.states import Action, ProblemState
from storage.roster import Household
from storage.store import Store
from tests.support.commands import run
from tests.support.plan import BAITA
from tests.support.town import START, Town

numbers = st.lists(st.integers(1, 10**6), unique=True, max_size=60)
ratios = st.decimals("0.01", 1, places=2).map(float)


def household(number: int, village: str = BAITA, head: str = "张三") -> Household:
    return Household(id=number * 7, number=number, village=village, group_name="一屯", head=head, kind="一般户")


def roster(listed: list[int]) -> list[Household]:
    """In three villages, by the number's rest."""
    return [household(number, f"22088110020{number % 3}") for number in listed]


@given(st.text(max_size=20), numbers, ratios)
def test_every_village_gives_at_least_the_ratio_and_not_a_household_more(seed: str, listed: list[int], ratio: float) -> None:
    drawn = draw(seed, roster(listed), ratio=ratio)
    for village in {one.village for one in roster(listed)}:
        all_of_it = sum(one.village == village for one in roster(listed))
        chosen = len(drawn[village])
        assert chosen * 100 >= round(ratio * 100) * all_of_it
        assert (chosen - 1) * 100 < round(ratio * 100) * all_of_it
        assert {one.village for one in drawn[village]} == {village}


@given(st.text(max_size=20), numbers, st.randoms())
def test_neither_order_nor_names_nor_ids_have_a_part_in_it(seed: str, listed: list[int], chance: random.Random) -> None:
    before = draw(seed, roster(listed), ratio=0.3)
    renamed = [
        one.model_copy(update={"head": f"农户{chance.random()}", "id": chance.getrandbits(60)}) for one in roster(listed)
    ]
    chance.shuffle(renamed)
    after = draw(seed, renamed, ratio=0.3)
    assert _numbers(before) == _numbers(after)


@given(numbers.filter(lambda listed: len(listed) > 5))
def test_a_village_is_drawn_alike_whatever_the_others_are(listed: list[int]) -> None:
    alone = [one for one in roster(listed) if one.village == roster(listed)[0].village]
    assert _numbers(draw("s", alone, ratio=0.3)).items() <= _numbers(draw("s", roster(listed), ratio=0.3)).items()


def test_another_seed_draws_others() -> None:
    listed = roster(list(range(1, 301)))
    assert _numbers(draw("甲", listed, ratio=0.3)) != _numbers(draw("乙", listed, ratio=0.3))


def test_the_ratio_is_meant_as_it_is_written() -> None:
    assert sample_size(25, 0.28) == 7
    assert sample_size(10, 0.3) == 3
    assert sample_size(11, 0.3) == 4
    assert sample_size(0, 0.3) == 0


def test_what_was_closed_comes_in_addition_once() -> None:
    listed = roster(list(range(1, 31)))
    drawn = draw("s", listed, ratio=0.3)
    chosen = next(iter(drawn.values()))[0]
    other = next(one for one in listed if all(one not in of_village for of_village in drawn.values()))
    assert additional(drawn, [chosen, other]) == [other]


@given(st.text(max_size=20), numbers)
def test_the_recipe_of_the_documentation_draws_the_same(seed: str, listed: list[int]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text("utf-8")
    [recipe] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known: dict[str, Any] = {}
    exec(recipe, known)  # noqa: S102
    pairs = [(one.village, one.number) for one in roster(listed)]
    assert known["redraw"](seed, pairs) == _numbers(draw(seed, roster(listed), ratio=0.3))


def _numbers(drawn: dict[str, list[Household]]) -> dict[str, list[int]]:
    return {village: [one.number for one in listed] for village, listed in drawn.items()}


async def _closed_problem(town: Town, number: int) -> None:
    household = await town.household(number)
    async with town.transaction() as tx, tx.session("test", "close") as session:
        problems = Store(session).problems
        new = NewProblem(
            source="ten_tasks", region=household.village, household_id=household.id,
            description="屋顶漏雨", deadline=START.date(),
        )  # fmt: skip
        problem = await problems.add(new, problems.fingerprint("x"))
        await problems.move(problem, Action.ACCEPT, state=ProblemState.CLOSED, by=town.people["周镇"])


async def _drawn(town: Town, seed: str = "528") -> list[int]:
    listed = await _roster(town)
    return [one.number for of_village in draw(seed, listed, ratio=0.3).values() for one in of_village]


async def _roster(town: Town) -> list[Household]:
    return [await town.household(number) for number in (1001, 1002, 1003, 1004, 1005, 2001, 2002)]


async def _spared(town: Town) -> int:
    """The number of a household in Baita that is not drawn."""
    drawn = await _drawn(town)
    return next(number for number in (1001, 1002, 1003, 1004, 1005) if number not in drawn)


async def _sample(town: Town) -> None:
    await town.say("郑市", "/sample")
    assert "抽中 3 户" in (await town.say("郑市", "528"))[-1]
    await town.press("郑市", "提交")


async def test_the_county_draws_once_and_all_offices_hear_of_it(town: Town) -> None:
    assert "还没有抽样" in (await town.say("周镇", "/sample"))[-1]
    assert "还没有抽样" in (await town.say("郑市", "/check"))[-1]
    await _sample(town)
    [heard] = town.unread("周镇")
    assert "种子：528" in heard
    assert "2 个村 7 户，每村不少于 30%，抽中 3 户" in heard
    again = (await town.say("郑市", "/sample"))[-1]
    assert "种子：528" in again
    assert "白塔村 0/2" in again
    assert "瓦房村 0/1" in again
    assert "没有这一项" in (await town.say("李村", "/sample"))[-1]


async def test_a_household_that_holds_takes_one_tap_and_the_next_is_offered(town: Town) -> None:
    await _sample(town)
    numbers = [number for number in await _drawn(town) if number < 2000]
    await town.say("郑市", "/check")
    shown = (await town.press("郑市", "白塔村 2户"))[-1]
    assert shown.index(str(numbers[0])) < shown.index(str(numbers[1]))
    await town.say("郑市", "1")
    told = (await town.press("郑市", "属实"))[-1]
    assert f"户号 {numbers[1]}" in told
    await town.say("郑市", f"/check {numbers[1]}")
    assert "白塔村抽中的户都查完了" in (await town.press("郑市", "属实"))[-1]
    assert "您已在" in (await town.say("郑市", f"/check {numbers[1]}"))[-1]
    progress = (await town.say("周镇", "/sample"))[-1]
    assert "已查 2 户，不符 0 户。还差 1 户" in progress
    assert progress.index("瓦房村 0/1") < progress.index("白塔村 2/2")


@pytest.mark.sqlite_only
async def test_what_does_not_hold_becomes_a_clue_for_the_village(town: Town) -> None:
    await _sample(town)
    number = (await _drawn(town))[0]
    await town.say("郑市", f"/check {number}")
    await town.press("郑市", "不符")
    await town.say("郑市", "低保没有到账")
    await town.say("郑市", "1")
    assert "1号线索已交给村里核查" in (await town.press("郑市", "提交"))[-1]
    cadre = "李村" if number < 2000 else "孙村"
    assert "【督导抽查 1号】" in town.unread(cadre)[-1]
    assert "不符 1 户" in (await town.say("郑市", "/sample"))[-1]


@pytest.mark.sqlite_only
async def test_a_household_with_a_closed_problem_is_added_and_can_be_opened_again(town: Town) -> None:
    spared = await _spared(town)
    await _closed_problem(town, spared)
    await town.say("郑市", "/sample")
    assert "另加有已办结事项的 1 户" in (await town.say("郑市", "528"))[-1]
    await town.press("郑市", "提交")
    asked = (await town.say("郑市", f"/check {spared}"))[-1]
    assert "有已办结事项，加查" in asked
    assert "已销号 1号：屋顶漏雨" in asked
    await town.press("郑市", "不符")
    await town.say("郑市", "还在漏")
    await town.press("郑市", "重开已销号的问题")
    await town.press("郑市", "提交")
    assert "1号" in (await town.press("郑市", "重开 1号"))[-1]


@pytest.mark.sqlite_only
async def test_who_was_not_drawn_is_answered_like_who_does_not_exist(town: Town) -> None:
    await _sample(town)
    spared = await _spared(town)
    assert await town.say("郑市", f"/check {spared}") == await town.say("郑市", "/check 99999")
    assert "没有这一项" in (await town.say("郑市", "/check x"))[-1]
    assert "没有这一项" in (await town.say("郑市", "/sample x"))[-1]


@pytest.mark.sqlite_only
async def test_an_empty_roster_is_not_drawn_from(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "empty") as session:
        await session.change(sa.text("DELETE FROM members"))
        await session.change(sa.text("DELETE FROM households"))
        session.touch("roster")
    assert "名册还是空的" in (await town.say("郑市", "/sample"))[-1]


async def _some_roster() -> None:
    async with (
        open_installation(load_settings(), lambda _: None) as installation,
        transaction(installation.database, START) as tx,
        tx.session("test", "roster") as session,
    ):
        for number in range(1001, 1011):
            await Store(session).households.add(BAITA, f"农户{number}", group_name="一屯", number=number, beyond=0)


def test_the_command_draws_what_the_bot_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path))
    asyncio.run(_some_roster())
    out = tmp_path / "list.xlsx"
    told = run("sample", "--seed", "528", "--village", "白塔村", "--out", str(out))
    assert told.exit_code == 0, told.output
    wanted = [one.number for one in draw("528", [household(number) for number in range(1001, 1011)], ratio=0.3)[BAITA]]
    assert f"白塔村 10 户，抽 3 户：{' '.join(map(str, wanted))}" in told.output
    rows = list(load_workbook(io.BytesIO(out.read_bytes())).active.values)
    assert [row[3] for row in rows[1:]] == wanted
    assert run("sample", "--seed", "1", "--village", "没有村").exit_code == 2
