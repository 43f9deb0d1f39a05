"""Checks the households of the sample: the records hold, or a clue is filed or a closed problem reopened."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.cases.filing import file_confirmed
from handlers.engine.chat import Chat, Rows
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option, Several, Text
from handlers.engine.questions.next_household import NextHousehold, VillageChoice, village_options
from handlers.inspections.sample import current_sample
from handlers.reading import shortened
from handlers.rights.reach import villages_of
from handlers.visits.common import visit_buttons
from handlers.wording.days import moment_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words, risk_options
from storage.cases.records import ClueSource
from storage.database.base import to_base36
from storage.inspections.samples import Check, Sample
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.records import Problem
from storage.roster import Household

_HOLDS, _WRONG = "holds", "wrong"
_CLUE, _REOPEN = "clue", "reopen"
_NEXT = 5
_SHOWN_PROBLEMS = 3


@conversation("check", "抽查入户", for_roles={Role.COUNTY})
async def check(chat: Chat) -> None:
    """Args: a household's number; without one, a village's next are offered."""
    sample = await current_sample(chat)
    if sample is None:
        await chat.say("还没有抽样。", [[Button(label="抽样", says="/sample")]])
        return
    household = await _household(chat, sample)
    if household is None:
        return
    found = await chat.store.samples.check_of(sample, household.id)
    if found is None:
        chat.refuse()
    elif found.holds is not None:
        await _go_on(chat, sample, household, await _done(chat, household, found))
    else:
        await _check(chat, sample, household, found)


async def _check(chat: Chat, sample: Sample, household: Household, found: Check) -> None:
    closed = (await chat.store.samples.closed_problems(household.id))[:_SHOWN_PROBLEMS]
    chat.looked(household.id)
    about = [f"{household_in_words(chat.world.plan, household)}，{household.kind}，{found.reason.label}。"]
    about += [f"已销号 {one.number}号：{shortened(one.description, 30)}" for one in closed]
    outcome = await chat.ask("outcome", Choice("\n".join([*about, "属实吗？"]), [(_HOLDS, "属实"), (_WRONG, "不符")]))
    if outcome == _HOLDS:
        await chat.store.samples.checked(found, chat.person.id, holds=True)
        await _go_on(chat, sample, household, "记下了，属实。")
        return
    note = await chat.ask("note", Text("哪里不符？一句话说清楚。", min_length=2))
    does = await chat.ask("does", Choice("怎么办？", _remedies())) if closed else _CLUE
    kinds: list[str] = []
    if does == _CLUE:
        kinds = await chat.ask("kinds", Several("有什么困难？可选多项，如：1 4", risk_options(chat.world.plan)))
    then = f"记成线索：{kinds_in_words(chat.world.plan, kinds)}" if kinds else "提交后点「重开」"
    if not await chat.confirm(f"{household_in_words(chat.world.plan, household)}：不符\n{note}\n{then}"):
        await chat.say("没有提交。")
        return
    await chat.store.samples.checked(found, chat.person.id, holds=False, note=note)
    if not kinds:
        await _go_on(chat, sample, household, "记下了，不符。请重开没有解决的问题：", _reopen(closed))
        return
    clue = await file_confirmed(chat, household, source=ClueSource.SUPERVISION, kinds=kinds, detail=note)
    await _go_on(chat, sample, household, f"记下了，不符。{clue.number}号线索已交给村里核查。")


def _remedies() -> list[Option]:
    return [(_REOPEN, "重开已销号的问题"), (_CLUE, "记成新线索")]


def _reopen(closed: Sequence[Problem]) -> list[list[Button]]:
    return [[Button(label=f"重开 {one.number}号", says=f"/reopen {to_base36(one.id)}")] for one in closed]


async def _household(chat: Chat, sample: Sample) -> Household | None:
    """Named behind the command, or asked for; None when there is nobody, which has been said."""
    villages = villages_of(chat.person, chat.world.plan, Role.COUNTY)
    if chat.args:
        found = chat.world.roster.search(chat.args, villages) if chat.args.isdecimal() else []
        if not found:
            chat.refuse()
        return found[0]
    left = await chat.recall("left", lambda: _left(chat, sample, villages))
    if not left:
        await chat.say("抽中的户都查完了。", [[Button(label="抽查进度", says="/sample")]])
        return None
    options = village_options(list(left), chat, notes={code: f" {count}户" for code, count in left.items()})
    village = await chat.ask("village", VillageChoice("去哪个村？也可以发村名。", options))
    ids = await chat.recall("next", lambda: _next_ids(chat, sample, village))
    prompt = "去哪一户？也可以发姓名、拼音首字母或户号。"
    return await chat.ask("household", NextHousehold(prompt, within=[village], groups=[("", len(ids), ids)]))


async def _left(chat: Chat, sample: Sample, villages: Sequence[str]) -> dict[str, int]:
    """The villages with households still to be checked, and how many."""
    progress = await chat.store.samples.progress(sample)
    left = {code: progress[code].households - progress[code].checked for code in villages if code in progress}
    return {code: count for code, count in left.items() if count}


async def _next_ids(chat: Chat, sample: Sample, village: str) -> list[int]:
    return [one.household_id for one in await chat.store.samples.to_check(sample, village, most=_NEXT)]


async def _done(chat: Chat, household: Household, found: Check) -> str:
    who = await chat.name_of(found.person_id)
    at = f"{moment_in_words(found.at)} " if found.at else ""
    return f"{household_in_words(chat.world.plan, household)}：{who}已在 {at}查过，{'属实' if found.holds else '不符'}。"


async def _go_on(chat: Chat, sample: Sample, household: Household, done: str, first: Rows = ()) -> None:
    """What is done, and the next households of the village."""
    by_id = chat.world.roster.by_id
    left = [by_id[key] for key in await _next_ids(chat, sample, household.village) if key in by_id]
    name = chat.world.plan.village(household.village).name
    more = f"\n{name}接着查：" if left else f"\n{name}抽中的户都查完了。"
    await chat.say(done + more, [*first, *visit_buttons("check", left)])
