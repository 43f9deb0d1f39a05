"""The built-in part of the handbook 手册: the plan's clauses, and the procedure of a case in plain words.

The plan's clauses are for those in office. What a household may ask for, and how its case goes, is for everybody. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.cases.table import STEPS, Party, rules_at
from handlers.wording.days import day_in_words
from storage.cases.steps import Step
from storage.plan import (
    Clock,
    Clocks,
    Item,
    Phase,
    Plan,
    Quantity,
    Question,
    RecitalQuestion,
    SeveralQuestion,
    SingleQuestion,
    TrueFalseQuestion,
)

PROCEDURE = "监测帮扶办事程序"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the handbook. `key` is the place it is opened by, which several passages can share; `label` is how
    it is cited, `title` what it is about, `under` what that is a part of, `source` the document it stands in, `short` its
    one-line answer if it has one."""

    key: str
    label: str
    title: str
    source: str
    text: str
    under: str = ""
    for_all: bool = False
    short: str = ""


def passages_of(plan: Plan) -> list[Passage]:
    """All built-in passages, in the plan's order."""
    return [*_clauses(plan), *_answers(plan), *_steps(plan.clocks), *_hardships(plan)]


def passages_at(plan: Plan, key: str) -> list[Passage]:
    """The passages at a place, the main one first; empty if there is no such place."""
    return [passage for passage in passages_of(plan) if passage.key == key]


def _clauses(plan: Plan) -> Iterator[Passage]:
    for item in plan.items:
        title, under = f"{item.id} {item.title}", plan.area(item.id).title
        yield Passage(item.id, plan.clause_label(item.id), title, plan.document, _duty(plan, item), under)
    for phase in plan.phases:
        title = f"{phase.name} 时间安排"
        yield Passage(phase.clause, f"{phase.clause} {phase.name}", title, plan.document, _task(phase))


def _duty(plan: Plan, item: Item) -> str:
    units = "、".join(plan.unit(code).name for code in item.units)
    return "\n".join([item.duty, f"由{units}负责。", *_figures(item.quantities)])


def _task(phase: Phase) -> str:
    days = f"{phase.name}从{day_in_words(phase.first)}到{day_in_words(phase.last)}。"
    milestones = [f"{one.name}：{day_in_words(one.on)}。" for one in phase.milestones]
    return "\n".join([days, phase.task, *milestones, *_figures(phase.quantities)])


def _figures(quantities: tuple[Quantity, ...]) -> list[str]:
    return [f"{one.name}{'' if one.name.endswith('不低于') else '：'}{one.value:g}{one.unit}。" for one in quantities]


def _answers(plan: Plan) -> Iterator[Passage]:
    """The questions of the quiz as passages, with their answers and clauses."""
    for question in plan.questions:
        answer = _answer(question)
        label = plan.clause_label(question.clause)
        text = answer if answer.startswith(question.text) else f"{question.text}\n{answer}"
        yield Passage(question.clause, label, question.text, plan.document, text, short=answer)


def _answer(question: Question) -> str:
    if isinstance(question, TrueFalseQuestion):
        return question.text if question.answer else question.explanation
    if isinstance(question, RecitalQuestion):
        return question.explanation
    if isinstance(question, SingleQuestion):
        said = question.answer
    elif isinstance(question, SeveralQuestion):
        said = "、".join(question.answers)
    else:
        said = f"{question.answer:g}{question.unit}"
    return f"{said.rstrip('。')}。{question.explanation}"


_BY = {Party.HOUSEHOLD: "农户", Party.VILLAGE: "村里", Party.TOWN: "镇里", Party.COUNTY: "市里"}


def _steps(clocks: Clocks) -> Iterator[Passage]:
    spans = {name: clock_in_words(getattr(clocks, name)) for name in Clocks.model_fields}
    way = " → ".join(step.label for step in STEPS if step not in (Step.OBJECTION, Step.CLOSED))
    yield Passage(
        "steps", "全部步骤", "从申报到帮扶一共几步 办事流程 监测程序 怎么申报", PROCEDURE,
        f"从发现困难到消除风险：{way}。\n从发现线索到市里确定，最多{spans['decide']}。\n"
        "农户自己申报、干部走访、部门比对都可以提出来；一步一步走，不能跳过。",
        for_all=True,
    )  # fmt: skip
    for step, facts in STEPS.items():
        by = _takers(step)
        who = "、".join(word for party, word in _BY.items() if party in by)
        text = "\n".join([facts.handbook.format_map(spans), *([f"这一步由{who}办。"] if who else [])])
        yield Passage(f"step:{step}", step.label, f"{step.label} {facts.asked}", PROCEDURE, text, for_all=True)


def _takers(step: Step) -> set[Party]:
    """The parties that take a step forward; more may send a case back."""
    rules = rules_at(step) if step is not Step.CLOSED else []
    onward = [rule for rule in rules if not rule.needs_reason] or rules
    return {party for rule in onward for party in rule.by}


def clock_in_words(clock: Clock) -> str:
    """ "2个工作日", "15天"."""
    return f"{clock.days}{'个工作日' if clock.working else '天'}"


def _hardships(plan: Plan) -> Iterator[Passage]:
    """The difficulties that a household gets help with, and how to report them."""
    for kind in plan.risk_kinds:
        if kind.helps:
            units = "、".join(unit.name for unit in plan.units_for_risk(kind.code)) or plan.town.name
            yield Passage(
                f"risk:{kind.code}", f"{kind.label}有困难", f"{kind.label} 困难 能帮什么", PROCEDURE,
                f"常用的帮扶办法：{'；'.join(kind.helps)}。\n"
                f"可以自己申报：回复「申报」，或找村干部。归{units}管。",
                for_all=True,
            )  # fmt: skip
