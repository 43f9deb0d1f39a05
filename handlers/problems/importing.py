"""The problem ledger comes in as a spreadsheet: shown first, then taken in, row by row, and sent back with the outcome."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from handlers.calendar.planning import plan_deadline
from handlers.engine.attendance import on_duty
from handlers.engine.chat import Chat
from handlers.engine.conversation import Takes, conversation
from handlers.engine.notify import notify
from handlers.files.ask import AGAIN, MOST_SHOWN, NOTHING_DONE, Template, ask_for_file, read_sent, result_name, table_file
from handlers.files.keeping import keep
from handlers.files.reader import IN_A_TALK, TABLES, read_table
from handlers.files.spreadsheets import XLSX, write_form, write_outcomes
from handlers.files.tables import EXAMPLE, Table, TableRow, is_blank
from handlers.problems.common import problem_button, problem_in_words, rectifiers
from handlers.problems.rows import PROBLEM_LEDGER, ProblemColumn, likeness, read_problems
from handlers.problems.states import acts_for
from handlers.reading import shortened
from handlers.wording.days import deadline_in_words, full_day_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing, SentFile
from storage.people.persons import Person, Role
from storage.plan import Plan
from storage.problems.records import NewProblem, Problem
from storage.roster import Roster
from storage.store import Store

_SHEET = "问题台账"
_OUTCOME, _REASON = "结果", "原因"
_NEW, _KNOWN, _WRONG = "已导入", "已跳过", "有误"
_SHOWN_NEWS = 3


@dataclass(frozen=True, slots=True)
class ProblemsReport:
    """What became of a ledger. `result_bytes` is the sheet with the outcome of each row beside it."""

    imported: int
    skipped: int
    errors: tuple[TableRow[NewProblem], ...]
    result_bytes: bytes
    added: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to become of one row: its outcome and why, and for a new one its fingerprint."""

    row: TableRow[NewProblem]
    outcome: str
    reason: str = ""
    fingerprint: str = ""


async def import_problems(
    store: Store, plan: Plan, *, roster: Roster, table: Table[ProblemColumn], now: datetime, by: Person | None = None
) -> ProblemsReport:
    """Take a ledger in; a second time it has no effect. `by` limits it to what that person answers for."""
    verdicts = await _judge(store, plan, roster, table, now.date(), by)
    added = []
    for verdict in verdicts:
        if verdict.outcome == _NEW and verdict.row.value is not None:
            problem = await store.problems.add(verdict.row.value, verdict.fingerprint)
            plan_deadline(
                store.reminders, plan, subject="problem", subject_id=str(problem.id), deadline=problem.deadline, now=now
            )
            added.append(problem)
    return ProblemsReport(
        imported=len(added),
        skipped=_count(verdicts, _KNOWN),
        errors=_errors(verdicts),
        result_bytes=await asyncio.to_thread(_result, table, verdicts),
        added=tuple(added),
    )


def template(plan: Plan) -> bytes:
    """The empty form, with what the plan knows in drop-down lists. Blocking: call it from a thread."""
    units = [unit.name for unit in plan.units if not unit.members]
    choices: dict[str, list[str]] = {
        ProblemColumn.SOURCE: [source.label for source in plan.problem_sources],
        ProblemColumn.ITEM: [f"{item.id} {item.title}" for item in plan.items],
        ProblemColumn.VILLAGE: [*(village.name for village in plan.villages), plan.town.name],
        ProblemColumn.LEAD: units,
        ProblemColumn.ASSISTING: units,
    }
    item, deadline = plan.items[-1], plan.phases[-1].last
    example = {
        ProblemColumn.NUMBER: f"{EXAMPLE}（导入时不读这一行）",
        ProblemColumn.SOURCE: plan.problem_sources[-1].label,
        ProblemColumn.ITEM: f"{item.id} {item.title}",
        ProblemColumn.VILLAGE: plan.villages[0].name,
        ProblemColumn.HOUSEHOLD: "张三（没有具体农户就空着）",
        ProblemColumn.DESCRIPTION: "村部公示栏政策未更新",
        ProblemColumn.LEAD: units[0],
        ProblemColumn.RESPONSIBLE: "李四",
        ProblemColumn.DEADLINE: full_day_in_words(deadline),
        ProblemColumn.MEASURES: "换上最新政策并拍照",
    }
    headings = [column.value for column in ProblemColumn]
    return write_form(_SHEET, headings, example=[example.get(column) for column in ProblemColumn], choices=choices)


@conversation(
    "import",
    "导入问题台账",
    for_roles={Role.TOWN, Role.UNIT},
    words=("导入", "导入台账"),
    first_question="file1",
    takes=Takes(TABLES),
)
async def import_ledger(chat: Chat) -> None:
    form = Template("问题台账模板.xlsx", partial(asyncio.to_thread, template, chat.world.plan))
    sent, seen = await ask_for_file(
        chat, table_file("请发 .xlsx 或 .csv 问题台账。"), preview=partial(_preview, chat), template=form
    )
    if seen["new"] and not await chat.confirm(_summary(sent.name, seen)):
        await chat.say(NOTHING_DONE)
        return
    table = await read_sent(chat, sent, read=read_table, layout=PROBLEM_LEDGER, limits=IN_A_TALK)
    report = await import_problems(
        chat.store, chat.world.plan, roster=chat.world.roster, table=table, now=chat.now, by=chat.person
    )
    await _tell(chat, report.added)
    text = f"已导入 {report.imported} 条，已有跳过 {report.skipped} 条，有误 {len(report.errors)} 条。"
    result = await keep(chat.store, chat.world, content=report.result_bytes, content_type=XLSX)
    name = result_name(sent.name or _SHEET, "导入结果")
    await chat.say(text + (AGAIN if report.errors else ""), file=result, file_name=name)


async def _preview(chat: Chat, sent: SentFile) -> dict[str, Any]:
    table = await read_sent(chat, sent, read=read_table, layout=PROBLEM_LEDGER, limits=IN_A_TALK)
    verdicts = await _judge(chat.store, chat.world.plan, chat.world.roster, table, chat.now.date(), chat.person)
    errors = _errors(verdicts)
    return {
        "new": _count(verdicts, _NEW),
        "known": _count(verdicts, _KNOWN),
        "errors": len(errors),
        "first": [str(error) for error in errors[:MOST_SHOWN]],
    }


def _summary(file_name: str, seen: Mapping[str, Any]) -> str:
    counts = f"可导入 {seen['new']} 条，已有跳过 {seen['known']} 条，有误 {seen['errors']} 条。"
    return "\n".join([file_name or _SHEET, counts, *seen["first"], f"提交就导入这 {seen['new']} 条。"])


async def _judge(
    store: Store, plan: Plan, roster: Roster, table: Table[ProblemColumn], today: date, by: Person | None
) -> list[_Verdict]:
    read = await asyncio.to_thread(read_problems, table, plan, roster, today)
    fingerprints = {row.at: store.problems.fingerprint(likeness(row.value)) for row in read if row.value is not None}
    known = await store.problems.known(list(fingerprints.values())) if fingerprints else {}
    first: dict[str, TableRow[NewProblem]] = {}
    verdicts = [
        _Verdict(TableRow(at), _KNOWN, "空行") for at, cells in enumerate(table.rows) if at > table.header and is_blank(cells)
    ]
    for row in read:
        if row.value is None:
            verdicts.append(_Verdict(row, _WRONG, row.told))
            continue
        mark = fingerprints[row.at]
        if mark in known:
            verdicts.append(_Verdict(row, _KNOWN, f"台账里已有，{known[mark]}号"))
        elif mark in first:
            verdicts.append(_Verdict(row, _KNOWN, f"与第 {first[mark].number} 行相同"))
        elif by is not None and not _answers_for(by, row.value, plan):
            refused = replace(row, value=None, column=ProblemColumn.LEAD.value, reason="不是您负责的，请由镇里导入")
            verdicts.append(_Verdict(refused, _WRONG, refused.told))
        else:
            first[mark] = row
            verdicts.append(_Verdict(row, _NEW, fingerprint=mark))
    return verdicts


def _answers_for(person: Person, new: NewProblem, plan: Plan) -> bool:
    if person.covers(new.region, Role.TOWN):
        return True
    return any(acts_for(person, unit, new.region, plan) for unit in new.units)


def _count(verdicts: Sequence[_Verdict], outcome: str) -> int:
    return sum(verdict.outcome == outcome for verdict in verdicts)


def _errors(verdicts: Sequence[_Verdict]) -> tuple[TableRow[NewProblem], ...]:
    return tuple(verdict.row for verdict in verdicts if verdict.outcome == _WRONG)


def _result(table: Table[ProblemColumn], verdicts: Sequence[_Verdict]) -> bytes:
    """The sheet as it came, with two columns more."""
    beside = {verdict.row.at: (verdict.outcome, verdict.reason) for verdict in verdicts}
    beside[table.header] = (_OUTCOME, _REASON)
    return write_outcomes(_SHEET, table.rows, beside=beside)


async def _tell(chat: Chat, added: Sequence[Problem]) -> None:
    """One message to each person who has something to rectify, for themselves or for somebody on leave."""
    alike: dict[tuple[object, ...], list[Problem]] = defaultdict(list)
    for problem in added:
        alike[problem.region, problem.units, problem.responsible].append(problem)
    today = chat.now.date()
    by_person: dict[int, list[Problem]] = defaultdict(list)
    for problems in alike.values():
        for person_id in on_duty(chat.world, rectifiers(chat.world, problems[0]), day=today):
            by_person[person_id] += problems
    messages = {}
    for person_id, mine in by_person.items():
        mine.sort(key=lambda problem: (problem.deadline, problem.number))
        lines = [
            f"{problem_in_words(chat.world, one)} {shortened(one.description, 20)} {deadline_in_words(one.deadline, today)}"
            for one in mine[:_SHOWN_NEWS]
        ]
        if len(mine) == 1:
            key = to_base36(mine[0].id)
            row = [Button(label="认领", says=f"/claim {key}"), problem_button(mine[0])]
        else:
            row = [Button(label="我的待办", says="/todo")]
        more = ["……"] if len(mine) > _SHOWN_NEWS else []
        text = "\n".join([f"【新问题】有 {len(mine)} 件要整改：", *lines, *more])
        messages[person_id] = Outgoing(text=text, buttons=(tuple(row),))
    intent = Intent(Cause.IMPORT, chat.store.session.request)
    await notify(chat.store, chat.world, messages=messages, intent=intent, personal=True)
