"""Figures that must not fall come in as a spreadsheet, a row a village and indicator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Document
from handlers.files.keeping import keep
from handlers.files.spreadsheets import XLSX, read_sheets, write_outcomes, write_rows
from handlers.files.tables import Row, RowError
from handlers.indicators.rows import Column, Header, Line, find_header, read_lines
from handlers.indicators.trends import Trend, entered_by
from handlers.reading import Unreadable
from handlers.rights.reach import villages_of
from handlers.rights.sight import IN_OFFICE
from storage.indicators import IndicatorValue
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, SentFile
from storage.people.persons import Role

_TEMPLATE = "template"
_SHEET = "指标"
_NEW, _CHANGED, _SAME, _WRONG, _EMPTY = "新增", "更新", "不变", "有误", ""
_OUTCOMES = (_NEW, _CHANGED, _SAME, _WRONG)
_SHOWN = 2

Known = Mapping[tuple[int, str, str], IndicatorValue]


@conversation(
    "indicatortable",
    "导入指标",
    for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN},
    words=("导入指标表",),
    first_question="file1",
)
async def indicator_table(chat: Chat) -> None:
    if not entered_by(chat.person, chat.world.plan):
        await chat.say("没有由您填的指标。")
        return
    sent, seen = await _sent(chat)
    if not await chat.confirm(seen["text"]):
        await chat.say("没有导入。")
        return
    rows, header, lines = await _read(chat, sent.sha256)
    known = await _known(chat)
    year, by = chat.now.year, chat.person.id
    for line in lines:
        for when, value in ((year - 1, line.trend.before), (year, line.trend.now)):
            if value is not None:
                reason = line.said if when == year else ""
                await chat.store.indicators.enter(when, line.village, code=line.code, value=value, by=by, reason=reason)
    await _warn(chat, lines)
    sha256 = await keep(
        chat.store, chat.world, await asyncio.to_thread(_result, rows, header, lines, known, year), XLSX
    )
    await chat.say(
        f"已导入：{_counts(lines, known, year)}。",
        [[Button(label="看指标", says="/indicators")]],
        file=sha256,
        file_name="指标-导入结果.xlsx",
    )


async def _sent(chat: Chat) -> tuple[SentFile, dict[str, Any]]:
    """Ask for a file until one comes that can be read; with it comes what would become of it."""
    prompt = "请发 .xlsx 指标表。"
    turn = 0
    while True:
        turn += 1
        sent = await chat.ask(f"file{turn}", Document(prompt, (".xlsx",), [(_TEMPLATE, "要模板")]))
        if isinstance(sent, SentFile):
            seen = await chat.recall(f"seen{turn}", partial(_preview, chat, sent))
            if "trouble" not in seen:
                return sent, seen
            prompt = seen["trouble"]
        else:
            made = await chat.recall(f"template{turn}", partial(_template, chat))
            await chat.say("这是模板，已有的数在里面，改好发回来。", file=made, file_name="指标模板.xlsx")
            prompt = "请发填好的 .xlsx 指标表。"


async def _preview(chat: Chat, sent: SentFile) -> dict[str, str]:
    try:
        _, _, lines = await _read(chat, sent.sha256)
    except Unreadable as error:
        return {"trouble": str(error)}
    known = await _known(chat)
    falls = sum(_trend(line, known, chat.now.year).falls for line in lines)
    errors = [str(RowError(line.row + 1, line.column, line.reason)) for line in lines if line.reason]
    text = [f"{_counts(lines, known, chat.now.year)}。", *errors[:_SHOWN]]
    text += [f"其中 {falls} 项比去年少，会告诉镇里。"] if falls else []
    return {"text": "\n".join([*text, "提交就导入。"])}


async def _read(chat: Chat, sha256: str) -> tuple[list[Row], Header, list[Line]]:
    """The first sheet with our headings. Raises Unreadable."""
    plan, person = chat.world.plan, chat.person
    content = await asyncio.to_thread(chat.world.media.read, sha256)
    trouble = Unreadable("表格里没有内容。")
    for rows in await asyncio.to_thread(read_sheets, content):
        try:
            header = find_header(rows)
        except Unreadable as error:
            trouble = error
            continue
        lines = read_lines(rows, header, plan, villages_of(person, plan, *IN_OFFICE), entered_by(person, plan))
        return rows, header, lines
    raise trouble


async def _known(chat: Chat) -> Known:
    return await chat.store.indicators.of([chat.now.year - 1, chat.now.year], chat.world.plan.town.code)


def _outcome(line: Line, known: Known, year: int) -> str:
    if line.blank or line.reason:
        return _EMPTY if line.blank else _WRONG
    told = {(when, line.village, line.code): value
            for when, value in ((year - 1, line.trend.before), (year, line.trend.now)) if value is not None}  # fmt: skip
    if any(key in known and known[key].value != value for key, value in told.items()):
        return _CHANGED
    return _SAME if all(key in known for key in told) else _NEW


def _counts(lines: list[Line], known: Known, year: int) -> str:
    outcomes = [_outcome(line, known, year) for line in lines]
    return "，".join(f"{one} {outcomes.count(one)} 行" for one in _OUTCOMES)


def _trend(line: Line, known: Known, year: int) -> Trend:
    """With what the sheet leaves out as it is known."""
    before, now = _value(known, year - 1, line.village, line.code), _value(known, year, line.village, line.code)
    return Trend(
        before if line.trend.before is None else line.trend.before, now if line.trend.now is None else line.trend.now
    )


def _value(known: Known, year: int, village: str, code: str) -> int | None:
    found = known.get((year, village, code))
    return None if found is None else found.value


async def _warn(chat: Chat, lines: list[Line]) -> None:
    """One message to the town, if somebody else brings figures that fell."""
    found = await _known(chat)
    fell = [line for line in lines if line.code and _trend(line, found, chat.now.year).falls]
    town = chat.world.directory.ids(Role.TOWN, chat.world.plan.town.code)
    if fell:
        plan = chat.world.plan
        named = [
            f"{plan.village(line.village).name} {plan.indicator(line.code).title} {line.trend}" for line in fell[:3]
        ]
        text = "\n".join([f"【指标减少】导入的表里有 {len(fell)} 项比去年少：", *named])
        rows = [[Button(label="看指标", says="/indicators")]]
        await chat.push(town, text, Intent(Cause.INDICATORS, chat.store.session.request), buttons=rows)


async def _template(chat: Chat) -> str:
    """The form with a row a village and indicator, and what is known filled in."""
    plan, year, known = chat.world.plan, chat.now.year, await _known(chat)
    rows: list[Row] = [[column.value for column in Column]]
    for village in villages_of(chat.person, plan, *IN_OFFICE):
        for one in entered_by(chat.person, plan):
            values = (_value(known, when, village, one.code) for when in (year - 1, year))
            found = known.get((year, village, one.code))
            rows.append([plan.village(village).name, one.title, *values, found.reason if found else None])
    return await keep(chat.store, chat.world, await asyncio.to_thread(write_rows, _SHEET, rows, len(Column)), XLSX)


def _result(rows: list[Row], header: Header, lines: list[Line], known: Known, year: int) -> bytes:
    """The sheet as it came, with two columns more."""
    beside = {
        line.row: (_outcome(line, known, year), f"「{line.column}」{line.reason}" if line.reason else "")
        for line in lines
    }
    beside[header.row] = ("结果", "原因")
    return write_outcomes(_SHEET, rows, beside)
