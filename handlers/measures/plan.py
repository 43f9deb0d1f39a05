"""The help for an enrolled household: who answers for it, and measures for what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.calendar.planning import plan_deadline
from handlers.cases.common import explain_step, own_clue
from handlers.cases.table import Party
from handlers.engine.chat import Chat, Rows
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Day, Text
from handlers.engine.questions.person import PersonChoice
from handlers.measures.common import carried_out_by, clue_heading, report_button, support_button, tell_family
from handlers.measures.needs import is_combined, lacking, suggestions, why_no_more
from handlers.wording.days import day_in_words
from handlers.wording.measures import help_in_words, measure_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.measures import Measure, Support
from storage.people.persons import Role

_WHO, _ADD, _DROP = "who", "add", "drop"
_OWN = "own"
_REPORTED = 3
"""Measures with a button of their own."""


@conversation("support", "帮扶", for_roles={Role.VILLAGE})
async def support(chat: Chat) -> None:
    """Args: the clue's id; behind it "who" to name who answers for the household, "add" or "drop" for a measure."""
    clue = await own_clue(chat, Party.VILLAGE)
    begun = await chat.store.measures.support_of(clue.id)
    if clue.step is not Step.SUPPORT or begun is None:
        await chat.say(await explain_step(chat, clue))
        return
    match chat.args.partition(" ")[2]:
        case "who":
            await _name_responsible(chat, clue, begun)
        case "add":
            await _add_measure(chat, clue, begun)
        case "drop":
            await _drop_measure(chat, clue)
        case _:
            await _show(chat, clue)


async def _show(chat: Chat, clue: Clue) -> None:
    plan = "综合帮扶" if is_combined(chat.world.plan, clue.kinds) else "单项措施"
    lines = [
        f"{clue_heading(chat, clue)}（{plan}）",
        *await help_in_words(chat.store, chat.world.plan, directory=chat.world.directory, clue=clue),
    ]
    measures = await chat.store.measures.of(clue.id)
    if lacks := lacking(clue.kinds, measures):
        lines.append(f"还缺措施：{_labels(chat, lacks)}")
    open_ones = [measure for measure in measures if not measure.done]
    reports = [[report_button(measure, f"报进展：{measure.text}")] for measure in open_ones[:_REPORTED]]
    await chat.say("\n".join(lines), [*reports, *_buttons(clue, can_drop=any(_untouched(one) for one in measures))])


def _buttons(clue: Clue, *, can_drop: bool) -> Rows:
    last = [Button(label="提请消除", says=f"/clear {to_base36(clue.id)}")]
    if can_drop:
        last.append(support_button(clue, "撤一项措施", _DROP))
    return [[support_button(clue, "加措施", _ADD), support_button(clue, "定责任人", _WHO)], last]


def _untouched(measure: Measure) -> bool:
    """Whether no progress has been reported."""
    return measure.version == 0


async def _name_responsible(chat: Chat, clue: Clue, begun: Support) -> None:
    cadres = [official.person for official in chat.world.directory.holding(Role.VILLAGE, clue.village)]
    chosen = await chat.ask(
        "who", PersonChoice(f"{clue_heading(chat, clue)}由谁帮扶？", [(str(cadre.id), cadre.name) for cadre in cadres])
    )
    name = next(cadre.name for cadre in cadres if str(cadre.id) == chosen)
    if begun.responsible_id == int(chosen):
        await chat.say(f"责任人已经是{name}了。", [[support_button(clue)]])
        return
    begun = await chat.store.measures.assign(begun, int(chosen))
    intent = Intent(Cause.RESPONSIBLE, f"{begun.id}:{begun.version}")
    await tell_family(chat, clue, f"以后由{name}帮您家，有困难就找{name}。", intent)
    text = f"【帮扶】{clue_heading(chat, clue)}由您帮扶，请上门商量措施。"
    await chat.push([int(chosen)], text, intent, buttons=[[support_button(clue)]], about=[clue.household_id])
    await chat.say(f"{clue_heading(chat, clue)}由{name}帮扶，已告诉农户。", [[support_button(clue, "加措施", _ADD)]])


async def _add_measure(chat: Chat, clue: Clue, begun: Support) -> None:
    plan, store = chat.world.plan, chat.store
    measures = await store.measures.of(clue.id)
    if reason := why_no_more(plan, clue.kinds, measures):
        await chat.say(reason, [[support_button(clue)]])
        return
    offered = await chat.recall("offered", lambda: _offered(chat, clue, measures))
    options = [(f"{at}", f"{plan.risk(kind).label}：{text}") for at, (kind, text) in enumerate(offered)]
    picked = await chat.ask("what", Choice("缺什么补什么，加哪一项？", [*options, (_OWN, "自己写")]))
    kind, text = offered[int(picked)] if picked != _OWN else await _own_words(chat, clue)
    unit = await _unit(chat, kind, own=picked == _OWN)
    deadline = await chat.ask("deadline", Day("哪天前做完？如：10月31日", past_ok=False))
    name = plan.unit(unit).name
    if not await chat.confirm(f"{plan.risk(kind).label}：{text}\n{name}，{day_in_words(deadline)}前"):
        await chat.say("没有提交。")
        return
    measure = store.measures.add(begun, kind=kind, text=text, unit=unit, deadline=deadline)
    plan_deadline(store.reminders, plan, subject="measure", subject_id=str(measure.id), deadline=deadline, now=chat.now)
    intent = Intent(Cause.MEASURE, f"{measure.id}")
    await tell_family(chat, clue, f"要为您家做的：{measure_in_words(chat.world.plan, measure)[2:]}", intent)
    await chat.push(
        carried_out_by(chat.world, measure),
        f"【帮扶措施】{clue_heading(chat, clue)}\n{text}\n请在 {day_in_words(deadline)}前做完，报进展。",
        intent,
        buttons=[[report_button(measure)]],
        about=[clue.household_id],
    )
    still = lacking(clue.kinds, [*measures, measure])
    rest = f"还缺：{_labels(chat, still)}。" if still else ""
    await chat.say(f"记下了，已告诉农户和{name}。{rest}", [[support_button(clue, "再加一项", _ADD), support_button(clue)]])


async def _drop_measure(chat: Chat, clue: Clue) -> None:
    """Remove a measure added by mistake, as long as nobody has worked on it."""
    droppable = {str(one.id): one for one in await chat.store.measures.of(clue.id) if _untouched(one)}
    if not droppable:
        await chat.say("没有可撤的措施。已经报过进展的，请做完。", [[support_button(clue)]])
        return
    chosen = await chat.ask("drop", Choice("撤哪一项？", [(key, one.text) for key, one in droppable.items()]))
    reason = await chat.ask("why", Text("为什么撤？这句话会发给农户。", min_length=2, example="写重了"))
    measure = droppable[chosen]
    await chat.store.measures.withdraw(measure)
    await chat.store.reminders.cancel("measure", str(measure.id))
    told = f"措施撤回：{measure.text}。原因：{reason}"
    intent = Intent(Cause.MEASURE, f"{measure.id}:drop")
    await tell_family(chat, clue, f"为您家做的{told}", intent)
    await chat.push(
        carried_out_by(chat.world, measure), f"{clue_heading(chat, clue)}帮扶{told}", intent, about=[clue.household_id]
    )
    await chat.say(f"已撤回「{measure.text}」，告诉农户了。", [[support_button(clue)]])


async def _offered(chat: Chat, clue: Clue, measures: Sequence[Measure]) -> list[list[str]]:
    """Kinds and texts to choose from; recalled, since a colleague may add one of them meanwhile."""
    return [[one.kind, one.text] for one in suggestions(chat.world.plan, clue.kinds, measures)]


async def _own_words(chat: Chat, clue: Clue) -> list[str]:
    kinds = list(dict.fromkeys(clue.kinds))
    kind = kinds[0]
    if len(kinds) > 1:
        options = [(one, chat.world.plan.risk(one).label) for one in kinds]
        kind = await chat.ask("kind", Choice("针对哪项风险？", options))
    return [kind, await chat.ask("text", Text("做什么？", max_length=100, min_length=2, example="修好东屋的炕"))]


async def _unit(chat: Chat, kind: str, *, own: bool) -> str:
    """The unit that carries the measure out: one that answers for the risk, or the village for its own measure."""
    plan = chat.world.plan
    units = list(plan.units_for_risk(kind))
    if own or not units:
        units += [unit for unit in plan.units if unit.role is Role.VILLAGE and not unit.members]
    if len(units) == 1:
        return units[0].code
    return await chat.ask("unit", Choice("由谁来做？", [(unit.code, unit.name) for unit in units]))


def _labels(chat: Chat, kinds: list[str]) -> str:
    return "、".join(chat.world.plan.risk(kind).label for kind in kinds)
