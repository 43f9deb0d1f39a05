"""The problem ledger comes in as a spreadsheet: shown first, then taken in, row by row, and sent back with the outcome."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from handlers.calendar.planning import plan_deadline
from handlers.engine.attendance import on_duty
from handlers.engine.chat import Chat
from handlers.engine.conversation import Takes, conversation
from handlers.engine.notify import notify
from handlers.engine.questions import Document
from handlers.files.keeping import keep
from handlers.files.spreadsheets import XLSX, read_sheets, write_form, write_outcomes
from handlers.files.tables import EXAMPLE, Row, RowError
from handlers.problems.common import problem_button, problem_in_words, rectifiers
from handlers.problems.rows import Column, Header, Line, find_header, read_lines
from handlers.problems.states import acts_for
from handlers.reading import Unreadable, shortened
from handlers.wording.days import deadline_in_words, full_day_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing, SentFile
from storage.people.persons import Person, Role
from storage.plan import Plan
from storage.problems.records import NewProblem, Problem
from storage.roster import Roster
from storage.store import Store

_TEMPLATE = "template"
_TEMPLATE_NAME = "问题台账模板.xlsx"
_SHEET = "问题台账"
_OUTCOME, _REASON = "结果", "原因"
_NEW, _KNOWN, _WRONG, _PASSED = "已导入", "已跳过", "有误", ""
_SHOWN_ERRORS = 2
_SHOWN_NEWS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a ledger. `result_bytes` is the sheet with the outcome of each row beside it."""

    imported: int
    skipped: int
    errors: tuple[RowError, ...]
    result_bytes: bytes
    added: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to become of one line: its outcome and why, and for a new one its fingerprint."""

    line: Line
    outcome: str
    reason: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class _Ledger:
    rows: list[Row]
    header: Header
    lines: list[Line]


async def import_problems(
    store: Store, plan: Plan, roster: Roster, content: bytes, now: datetime, by: Person | None = None
) -> Report:
    """Take a ledger in; a second time it has no effect. `by` limits it to what that person answers for.

    Raises Unreadable when `content` is no ledger.
    """
    ledger = await asyncio.to_thread(_read, content, plan, roster, now.date())
    verdicts = await _judge(store, plan, ledger.lines, by)
    added = []
    for verdict in verdicts:
        if verdict.outcome == _NEW and verdict.line.new is not None:
            problem = await store.problems.add(verdict.line.new, verdict.fingerprint)
            plan_deadline(store.reminders, plan, "problem", str(problem.id), problem.deadline, now)
            added.append(problem)
    return Report(
        imported=len(added),
        skipped=_count(verdicts, _KNOWN),
        errors=_errors(verdicts),
        result_bytes=await asyncio.to_thread(_result, ledger, verdicts),
        added=tuple(added),
    )


def template(plan: Plan) -> bytes:
    """The empty form, with what the plan knows in drop-down lists. Blocking: call it from a thread."""
    units = [unit.name for unit in plan.units if not unit.members]
    choices: dict[str, list[str]] = {
        Column.SOURCE: [source.label for source in plan.problem_sources],
        Column.ITEM: [f"{item.id} {item.title}" for item in plan.items],
        Column.VILLAGE: [*(village.name for village in plan.villages), plan.town.name],
        Column.LEAD: units,
        Column.ASSISTING: units,
    }
    item, deadline = plan.items[-1], plan.phases[-1].last
    example = {
        Column.NUMBER: f"{EXAMPLE}（导入时不读这一行）",
        Column.SOURCE: plan.problem_sources[-1].label,
        Column.ITEM: f"{item.id} {item.title}",
        Column.VILLAGE: plan.villages[0].name,
        Column.HOUSEHOLD: "张三（没有具体农户就空着）",
        Column.DESCRIPTION: "村部公示栏政策未更新",
        Column.LEAD: units[0],
        Column.RESPONSIBLE: "李四",
        Column.DEADLINE: full_day_in_words(deadline),
        Column.MEASURES: "换上最新政策并拍照",
    }
    headings = [column.value for column in Column]
    return write_form(_SHEET, headings, [example.get(column) for column in Column], choices)


@conversation(
    "import",
    "导入问题台账",
    for_roles={Role.TOWN, Role.UNIT},
    words=("导入", "导入台账"),
    first_question="file1",
    takes=Takes((".xlsx", ".xls", ".csv")),
)
async def import_ledger(chat: Chat) -> None:
    sent, seen = await _sent(chat)
    if seen["new"] and not await chat.confirm(_summary(sent.name, seen)):
        await chat.say("没有导入。")
        return
    content = await asyncio.to_thread(chat.world.media.read, sent.sha256)
    report = await import_problems(chat.store, chat.world.plan, chat.world.roster, content, chat.now, chat.person)
    await _tell(chat, report.added)
    text = f"已导入 {report.imported} 条，已有跳过 {report.skipped} 条，有误 {len(report.errors)} 条。"
    if report.errors:
        text += "有误的行改好后，整个文件再发一次就行。"
    result = await keep(chat.store, chat.world, report.result_bytes, XLSX)
    await chat.say(text, file=result, file_name=f"{(sent.name or _SHEET).removesuffix('.xlsx')}-导入结果.xlsx")


async def _sent(chat: Chat) -> tuple[SentFile, dict[str, Any]]:
    """Ask for a file until one comes that can be read; with it comes what would become of it."""
    prompt = "请发 .xlsx 问题台账。"
    turn = 0
    while True:
        turn += 1
        sent = await chat.ask(f"file{turn}", Document(prompt, (".xlsx",), [(_TEMPLATE, "要模板")]))
        if isinstance(sent, SentFile):
            seen = await chat.recall(f"seen{turn}", partial(_preview, chat, sent.sha256))
            if "trouble" not in seen:
                return sent, seen
            prompt = seen["trouble"]
        else:
            made = await chat.recall(f"template{turn}", partial(_keep_template, chat))
            await chat.say("这是模板，填好发回来。", file=made, file_name=_TEMPLATE_NAME)
            prompt = "请发填好的 .xlsx 台账。"


async def _preview(chat: Chat, sha256: str) -> dict[str, Any]:
    """What would become of the file, as JSON."""
    content = await asyncio.to_thread(chat.world.media.read, sha256)
    try:
        ledger = await asyncio.to_thread(_read, content, chat.world.plan, chat.world.roster, chat.now.date())
    except Unreadable as error:
        return {"trouble": str(error)}
    verdicts = await _judge(chat.store, chat.world.plan, ledger.lines, chat.person)
    errors = _errors(verdicts)
    return {
        "new": _count(verdicts, _NEW),
        "known": _count(verdicts, _KNOWN),
        "errors": len(errors),
        "first": [str(error) for error in errors[:_SHOWN_ERRORS]],
    }


def _summary(file_name: str, seen: dict[str, Any]) -> str:
    counts = f"可导入 {seen['new']} 条，已有跳过 {seen['known']} 条，有误 {seen['errors']} 条。"
    return "\n".join([file_name or _SHEET, counts, *seen["first"], f"提交就导入这 {seen['new']} 条。"])


def _read(content: bytes, plan: Plan, roster: Roster, today: date) -> _Ledger:
    """The first sheet with the headings of a ledger. Raises Unreadable."""
    trouble = Unreadable("表格里没有内容。")
    for rows in read_sheets(content):
        try:
            header = find_header(rows)
        except Unreadable as error:
            trouble = error
            continue
        return _Ledger(rows, header, read_lines(rows, header, plan, roster, today))
    raise trouble


async def _judge(store: Store, plan: Plan, lines: Sequence[Line], by: Person | None) -> list[_Verdict]:
    fingerprints = {line.row: store.problems.fingerprint(line.key) for line in lines if line.new is not None}
    known = await store.problems.known(list(fingerprints.values())) if fingerprints else {}
    first: dict[str, int] = {}
    verdicts = []
    for line in lines:
        if line.new is None:
            outcome = _PASSED if line.example else _KNOWN if line.blank else _WRONG
            reason = "空行" if line.blank else f"「{line.column}」{line.reason}" if line.reason else ""
            verdicts.append(_Verdict(line, outcome, reason))
            continue
        mark = fingerprints[line.row]
        if mark in known:
            verdicts.append(_Verdict(line, _KNOWN, f"台账里已有，{known[mark]}号"))
        elif mark in first:
            verdicts.append(_Verdict(line, _KNOWN, f"与第 {first[mark] + 1} 行相同"))
        elif by is not None and not _answers_for(by, line.new, plan):
            refused = Line(line.row, column=Column.LEAD.value, reason="不是您负责的，请由镇里导入")
            verdicts.append(_Verdict(refused, _WRONG, f"「{refused.column}」{refused.reason}"))
        else:
            first[mark] = line.row
            verdicts.append(_Verdict(line, _NEW, fingerprint=mark))
    return verdicts


def _answers_for(person: Person, new: NewProblem, plan: Plan) -> bool:
    if person.covers(new.region, Role.TOWN):
        return True
    return any(acts_for(person, unit, new.region, plan) for unit in new.units)


def _count(verdicts: Sequence[_Verdict], outcome: str) -> int:
    return sum(verdict.outcome == outcome for verdict in verdicts)


def _errors(verdicts: Sequence[_Verdict]) -> tuple[RowError, ...]:
    wrong = (verdict.line for verdict in verdicts if verdict.outcome == _WRONG)
    return tuple(RowError(line.row + 1, line.column, line.reason) for line in wrong)


def _result(ledger: _Ledger, verdicts: Sequence[_Verdict]) -> bytes:
    """The sheet as it came, with two columns more."""
    beside = {verdict.line.row: (verdict.outcome, verdict.reason) for verdict in verdicts}
    beside[ledger.header.row] = (_OUTCOME, _REASON)
    return write_outcomes(_SHEET, ledger.rows, beside)


async def _keep_template(chat: Chat) -> str:
    return await keep(chat.store, chat.world, await asyncio.to_thread(template, chat.world.plan), XLSX)


async def _tell(chat: Chat, added: Sequence[Problem]) -> None:
    """One message to each person who has something to rectify, for themselves or for somebody on leave."""
    alike: dict[tuple[object, ...], list[Problem]] = defaultdict(list)
    for problem in added:
        alike[problem.region, problem.units, problem.responsible].append(problem)
    today = chat.now.date()
    by_person: dict[int, list[Problem]] = defaultdict(list)
    for problems in alike.values():
        for person_id in on_duty(chat.world, rectifiers(chat.world, problems[0]), today):
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
    await notify(chat.store, chat.world, messages, intent, personal=True, by=chat.person.id)
