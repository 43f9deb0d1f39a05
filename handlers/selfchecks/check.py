"""The self-check 自查： a village or unit goes through its own tasks, three at a sitting;
what it finds is filed on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from handlers.calendar.planning import plan_deadline
from handlers.cases.filing import file_confirmed
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, EvidencedText, HouseholdChoice, Several, TextWithEvidence
from handlers.problems.common import problem_button, problem_in_words, rectifiers
from handlers.problems.photo_prints import prints_of
from handlers.reading import shortened
from handlers.rights.sight import IN_OFFICE
from handlers.selfchecks.rules import answering_units, is_holder, key_of, name_of, next_item, scope_of, scopes, tasks_done
from handlers.wording.days import day_in_words, moment_in_words
from handlers.wording.evidence import evidence_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words, risk_options
from storage.cases.records import ClueSource
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.plan import Item
from storage.problems.records import NewProblem
from storage.roster import Household
from storage.selfchecks import Scope, SelfCheckFinding

_SITTING = 3
"""Tasks of one sitting."""
_FOUND = "found"
_ANSWERS = [(SelfCheckFinding.FINE.value, "没有问题"), (_FOUND, "有问题"), (SelfCheckFinding.LATER.value, "以后再看")]
_KINDS = [(SelfCheckFinding.PROBLEM.value, "工作上有问题，列入台账"), (SelfCheckFinding.CLUE.value, "有一户遇到困难，报线索")]


@conversation("selfcheck", "自查", for_roles=IN_OFFICE, words=("大排查", "接着自查"))
async def selfcheck(chat: Chat) -> None:
    """Args: whose self-check it is, as in `key_of`; without any, one's own."""
    plan = chat.world.plan
    phase = plan.phase(plan.selfcheck.phase)
    if chat.now.date() < phase.first:
        first, last = phase.first, phase.last
        await chat.say(f"自查从{day_in_words(first)}开始，{day_in_words(last)}前完成。到时会提醒您。")
        return
    scope = await _scope(chat)
    if scope is None:
        return
    seen: list[str] = []
    for turn in range(1, _SITTING + 1):
        at = await chat.recall(f"item{turn}", partial(_next, chat, scope, seen))
        if at is None:
            break
        seen.append(at["item"])
        await _check_task(chat, scope, turn, at)
    count, total = await _progress(chat, scope)
    again = [] if count == total else [[Button(label="接着自查", says=f"/selfcheck {key_of(scope)}")]]
    await chat.say(f"{_heading(chat, scope)} {count}/{total} 项" + ("，都查过了。" if count == total else "。"), again)


async def _scope(chat: Chat) -> Scope | None:
    """Whose self-check it is; None after saying that there is nothing to do."""
    plan, person = chat.world.plan, chat.person
    if chat.args:
        scope = scope_of(chat.args, plan)
        if scope is not None and is_holder(person, scope, plan):
            return scope
        if scope is None or not person.covers(scope.region, Role.TOWN, Role.COUNTY):
            chat.refuse()
        count, total = await _progress(chat, scope)
        await chat.say(f"{name_of(scope, plan)}自查 {count}/{total} 项。", _SEE_ALL)
        return None
    own = [scope for scope in scopes(plan) if is_holder(person, scope, plan)]
    if len(own) > 1:
        named = [(key_of(scope), name_of(scope, plan)) for scope in own]
        return scope_of(await chat.ask("scope", Choice("查哪一个？", named)), plan)
    if not own:
        await chat.say("自查由村和站所来做，您可以看进度。", _SEE_ALL)
    return own[0] if own else None


_SEE_ALL = [[Button(label="看自查进度", says="/selfchecks")]]


async def _progress(chat: Chat, scope: Scope) -> tuple[int, int]:
    looked = await chat.store.selfchecks.of(chat.world.plan.id, scope)
    return tasks_done(looked), len(chat.world.plan.items_for(scope.unit))


async def _next(chat: Chat, scope: Scope, seen: Sequence[str]) -> dict[str, Any] | None:
    items = chat.world.plan.items_for(scope.unit)
    looked = await chat.store.selfchecks.of(chat.world.plan.id, scope)
    item = next_item(items, looked, seen)
    return {"item": item.id, "done": tasks_done(looked), "total": len(items)} if item else None


async def _check_task(chat: Chat, scope: Scope, turn: int, at: dict[str, Any]) -> None:
    """Ask about one task and file what was found."""
    plan = chat.world.plan
    item = plan.item(at["item"])
    title = f"{_heading(chat, scope)} {at['done']}/{at['total']} 项\n{plan.clause_label(item.id)}"
    answer = await chat.ask(f"answer{turn}", Choice(f"{title}\n{item.duty}", _ANSWERS))
    if answer != _FOUND:
        text = await chat.once(f"put{turn}", partial(_keep_finding, chat, scope, item, SelfCheckFinding(answer)))
    elif not (text := await chat.recall(f"earlier{turn}", partial(_earlier_finding, chat, scope, item))):
        kind = await chat.ask(f"kind{turn}", Choice("是哪种情况？", _KINDS))
        found = _problem if kind == SelfCheckFinding.PROBLEM.value else _hardship
        text = await found(chat, scope, turn, item)
    if text:
        await chat.say(text)


async def _keep_finding(chat: Chat, scope: Scope, item: Item, finding: SelfCheckFinding) -> str:
    """Keep a finding that needs no more questions. Returns the earlier finding if somebody was first."""
    if await chat.store.selfchecks.record(chat.world.plan.id, scope, item=item.id, finding=finding, by=chat.person.id):
        return ""
    return await _earlier_finding(chat, scope, item)


async def _earlier_finding(chat: Chat, scope: Scope, item: Item) -> str:
    """The finding that somebody has filed already, in words; empty if nobody has."""
    looked = (await chat.store.selfchecks.of(chat.world.plan.id, scope)).get(item.id)
    if looked is None or looked.finding is SelfCheckFinding.LATER:
        return ""
    who = "您" if looked.person_id == chat.person.id else looked.person
    return f"「{item.title}」{who}已在 {moment_in_words(looked.at)} 查过：{looked.finding.label}。"


async def _problem(chat: Chat, scope: Scope, turn: int, item: Item) -> str:
    told = await chat.ask(f"told{turn}", TextWithEvidence("什么问题？照片可以一起发。", example="公示栏政策没更新"))
    prompt = "涉及哪一户？发户主姓名或户号，没有就跳过。"
    household = await chat.ask_optional(f"home{turn}", HouseholdChoice(prompt, within=[scope.region], optional=True))
    lines = [f"列入问题台账：{chat.world.plan.clause_label(item.id)}", told.text]
    lines += [household_in_words(chat.world.plan, household)] if household else []
    lines.append(evidence_in_words(photos=len(told.photos)))
    if not await chat.confirm("\n".join(filter(None, lines)), key=f"confirm{turn}"):
        return "没有提交，这一项以后再看。"
    return await chat.once(f"file{turn}", partial(_file_problem, chat, scope, item, told, household))


async def _file_problem(chat: Chat, scope: Scope, item: Item, told: EvidencedText, household: Household | None) -> str:
    plan, store = chat.world.plan, chat.store
    prints = await prints_of(chat, told.photos)
    if not await store.selfchecks.record(
        plan.id, scope, item=item.id, finding=SelfCheckFinding.PROBLEM, by=chat.person.id, note=told.text
    ):
        return await _earlier_finding(chat, scope, item)
    region = household.village if household else scope.region
    new = NewProblem(
        source=plan.selfcheck.source,
        item=item.id,
        region=region,
        household_id=household.id if household else None,
        description=told.text,
        units=answering_units(scope, item.id, plan),
        deadline=max(plan.phase(plan.selfcheck.phase).last, chat.now.date()),
    )
    key = f"selfcheck|{plan.id}|{key_of(scope)}|{item.id}"
    problem = await store.problems.add(new, store.problems.fingerprint(key))
    store.problems.show(problem, chat.person.id, photos=told.photos, prints=prints)
    plan_deadline(store.reminders, plan, subject="problem", subject_id=str(problem.id), deadline=problem.deadline, now=chat.now)
    await store.selfchecks.link_problem(plan.id, scope, item=item.id, problem_id=problem.id)
    await chat.push(
        rectifiers(chat.world, problem),
        f"【自查发现】{problem_in_words(chat.world, problem)}\n{shortened(told.text, 60)}",
        intent=Intent(Cause.SELFCHECK, f"{problem.id}"),
        buttons=[[problem_button(problem)]],
        file=told.photos[0] if told.photos else None,
        about=[problem.household_id],
    )
    return f"已列入台账，{problem.number}号，{day_in_words(problem.deadline)}前整改。"


async def _hardship(chat: Chat, scope: Scope, turn: int, item: Item) -> str:
    """A household in trouble: a clue of the task's risk kind, which is asked only where it is not the only one."""
    prompt = "哪一户？发户主姓名、拼音首字母或户号。"
    household = await chat.ask(f"home{turn}", HouseholdChoice(prompt, within=[scope.region]))
    kinds = [kind.code for kind in chat.world.plan.risk_kinds if kind.item == item.id]
    if len(kinds) != 1:
        kinds = await chat.ask(f"risks{turn}", Several("有什么困难？可选多项，如：1 4", risk_options(chat.world.plan)))
    told = await chat.ask(f"told{turn}", TextWithEvidence("请说说情况，照片可以一起发。", example="厨房漏雨，墙有裂缝"))
    lines = [household_in_words(chat.world.plan, household), kinds_in_words(chat.world.plan, kinds), told.text]
    lines.append(evidence_in_words(photos=len(told.photos)))
    if not await chat.confirm("\n".join(filter(None, lines)), key=f"confirm{turn}"):
        return "没有提交，这一项以后再看。"
    return await chat.once(f"file{turn}", partial(_file_clue, chat, scope, item, household, kinds, told))


async def _file_clue(chat: Chat, scope: Scope, item: Item, household: Household, kinds: list[str], told: EvidencedText) -> str:
    """The clue is filed in any case: it is a household's, whoever was first with the task."""
    clue = await file_confirmed(chat, household, source=ClueSource.CADRE, kinds=kinds, detail=told.text, shown=told)
    first = await chat.store.selfchecks.record(
        chat.world.plan.id,
        scope,
        item=item.id,
        finding=SelfCheckFinding.CLUE,
        by=chat.person.id,
        note=told.text,
        clue_id=clue.id,
    )
    filed = f"已上报，{clue.number}号线索。"
    return filed if first else f"{filed}{await _earlier_finding(chat, scope, item)}"


def _heading(chat: Chat, scope: Scope) -> str:
    return "本村" if chat.world.plan.unit(scope.unit).role is Role.VILLAGE else "本单位"
