"""Two people act on one thing at the same moment: the second hears what the first did, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from storage.mail.messages import Incoming
from storage.problems.records import Problem
from storage.problems.states import Action
from storage.store import Store
from tests.support.cases import reported_by_unit
from tests.support.problems import actions, add, submit
from tests.support.town import Town

Prepare = Callable[[Town], Awaitable[Problem | None]]


@dataclass(frozen=True)
class Act:
    """`last` is what each of the two says last; `once` the actions that must be recorded once; `news` what the others
    hear of it once, and who they are."""

    prepare: Prepare
    two: tuple[str, str]
    last: str
    did: str
    once: tuple[Action, ...] = ()
    news: str = ""
    hears: str = ""


async def _both(town: Town, two: tuple[str, str], *lines: str) -> None:
    for line in lines:
        for name in two:
            await town.say(name, line)


async def _verify(town: Town) -> None:
    await reported_by_unit(town)
    await _both(town, ("李村", "赵村"), "/verify 1", "属实", "墙裂了")


async def _claim(town: Town) -> Problem:
    return await add(town)


async def _submit(town: Town) -> Problem:
    problem = await add(town)
    await _both(town, ("李村", "王建"), "/progress 1 done", "瓦已换好")
    return problem


async def _accept(town: Town) -> Problem:
    problem = await add(town)
    await submit(town, problem)
    return problem


ACTS = {
    "verify": Act(_verify, ("李村", "赵村"), "提交", "核查属实", news="核查属实", hears="王建"),
    "claim": Act(_claim, ("李村", "王建"), "/claim 1", "认领", (Action.CLAIM,)),
    "submit": Act(
        _submit, ("李村", "王建"), "提交", "提交验收", (Action.CLAIM, Action.PROGRESS, Action.SUBMIT), "【请验收】", "周镇"
    ),
    "accept": Act(_accept, ("周镇", "吴镇"), "/accept 1 ok", "验收通过", (Action.ACCEPT,), "【验收通过】", "李村"),
}


async def _one_after_the_other(town: Town, act: Act) -> None:
    for name in act.two:
        await town.say(name, act.last)


async def _in_one_batch(town: Town, act: Act) -> None:
    await town.intake.put([
        Incoming(address=f"test:{name}", key=f"together:{name}", at=town.now, text=act.last) for name in act.two
    ])  # fmt: skip
    await town.settle()


async def _after_a_crash(town: Town, act: Act) -> None:
    await town.intake.put([Incoming(address=f"test:{act.two[0]}", key="a", at=town.now, text=act.last)])
    await town.restart()
    await town.settle()
    await town.restart()
    await town.say(act.two[1], act.last)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("how", [_one_after_the_other, _after_a_crash], ids=["after", "crash"])
@pytest.mark.parametrize("name", ACTS)
async def test_the_second_hears_what_the_first_did(name: str, how: Callable[..., Awaitable[None]], town: Town) -> None:
    await _check(town, ACTS[name], how)


@pytest.mark.parametrize("name", ACTS)
async def test_in_one_batch_too(name: str, town: Town) -> None:
    await _check(town, ACTS[name], _in_one_batch)


async def _check(town: Town, act: Act, how: Callable[..., Awaitable[None]]) -> None:
    problem = await act.prepare(town)
    await how(town, act)
    said = {name: town.inboxes[name][-1].text or "" for name in act.two}
    told = {name: text for name, text in said.items() if "已在 10月12日 09:00" in text}
    ((second, text),) = told.items()
    (first,) = set(act.two) - {second}
    assert f"{first}已在 10月12日 09:00 {act.did}" in text
    if problem is not None:
        done = await actions(town, problem)
        assert [done.count(action) for action in act.once] == [1] * len(act.once)
    else:
        assert await _steps(town) == 1
    if act.news:
        assert sum(act.news in (message.text or "") for message in town.inboxes[act.hears]) == 1


async def _steps(town: Town) -> int:
    async with town.transaction() as tx, tx.session("test", "read") as session:
        store = Store(session)
        found = await store.clues.numbered(1)
        return len(await store.clues.events(found.id)) if found else 0
