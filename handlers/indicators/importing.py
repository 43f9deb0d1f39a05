"""Figures that must not fall come in as a spreadsheet, a row a village and indicator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.files.ask import MOST_SHOWN, NOTHING_DONE, Template, ask_for_file, read_sent, result_name, table_file
from handlers.files.keeping import keep
from handlers.files.reader import IN_A_TALK, read_table
from handlers.files.spreadsheets import XLSX, write_outcomes, write_rows
from handlers.files.tables import Row, Table, TableRow
from handlers.indicators.rows import INDICATORS, IndicatorColumn, VillageFigures, read_figures
from handlers.indicators.trends import Trend, entered_by
from handlers.rights.reach import villages_of
from handlers.rights.sight import IN_OFFICE
from storage.indicators import IndicatorValue
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, SentFile
from storage.people.persons import Role

_SHEET = "指标"
_NEW, _CHANGED, _SAME, _WRONG = "新增", "更新", "不变", "有误"
_OUTCOMES = (_NEW, _CHANGED, _SAME, _WRONG)

Known = Mapping[tuple[int, str, str], IndicatorValue]
Rows = list[TableRow[VillageFigures]]


@conversation(
    "indicatortable", "导入指标", for_roles={Role.VILLAGE, Role.UNIT, Role.TOWN}, words=("导入指标表",), first_question="file1"
)
async def indicator_table(chat: Chat) -> None:
    if not entered_by(chat.person, chat.world.plan):
        await chat.say("没有由您填的指标。")
        return
    about = "这是模板，已有的数在里面，改好发回来。"
    form = Template("指标模板.xlsx", partial(_template, chat), about)
    sent, seen = await ask_for_file(
        chat, table_file("请发 .xlsx 或 .csv 指标表。"), preview=partial(_preview, chat), template=form
    )
    if not await chat.confirm(seen["text"]):
        await chat.say(NOTHING_DONE)
        return
    table, rows = await _read(chat, sent)
    known = await _known(chat)
    year, by = chat.now.year, chat.person.id
    for one in _taken(rows):
        for when, value in ((year - 1, one.trend.before), (year, one.trend.now)):
            if value is not None:
                reason = one.why if when == year else ""
                await chat.store.indicators.enter(when, one.village, code=one.code, value=value, by=by, reason=reason)
    await _warn(chat, rows)
    result = await keep(
        chat.store, chat.world, content=await asyncio.to_thread(_result, table, rows, known, year), content_type=XLSX
    )
    await chat.say(
        f"已导入：{_counts(rows, known, year)}。",
        [[Button(label="看指标", says="/indicators")]],
        file=result,
        file_name=result_name(_SHEET, "导入结果"),
    )


async def _preview(chat: Chat, sent: SentFile) -> dict[str, str]:
    _, rows = await _read(chat, sent)
    known = await _known(chat)
    falls = sum(_trend(one, known, chat.now.year).falls for one in _taken(rows))
    errors = [str(row) for row in rows if row.reason]
    text = [f"{_counts(rows, known, chat.now.year)}。", *errors[:MOST_SHOWN]]
    text += [f"其中 {falls} 项比去年少，会告诉镇里。"] if falls else []
    return {"text": "\n".join([*text, "提交就导入。"])}


async def _read(chat: Chat, sent: SentFile) -> tuple[Table[IndicatorColumn], Rows]:
    """Raises Unreadable."""
    plan, person = chat.world.plan, chat.person
    table = await read_sent(chat, sent, read=read_table, layout=INDICATORS, limits=IN_A_TALK)
    return table, read_figures(table, plan, villages_of(person, plan, *IN_OFFICE), entered_by(person, plan))


def _taken(rows: Rows) -> list[VillageFigures]:
    return [row.value for row in rows if row.value is not None]


async def _known(chat: Chat) -> Known:
    return await chat.store.indicators.of([chat.now.year - 1, chat.now.year], chat.world.plan.town.code)


def _outcome(row: TableRow[VillageFigures], known: Known, year: int) -> str:
    if row.value is None:
        return _WRONG
    one, trend = row.value, row.value.trend
    told = {(when, one.village, one.code): value
            for when, value in ((year - 1, trend.before), (year, trend.now)) if value is not None}  # fmt: skip
    if any(key in known and known[key].value != value for key, value in told.items()):
        return _CHANGED
    return _SAME if all(key in known for key in told) else _NEW


def _counts(rows: Rows, known: Known, year: int) -> str:
    outcomes = [_outcome(row, known, year) for row in rows]
    return "，".join(f"{one} {outcomes.count(one)} 行" for one in _OUTCOMES)


def _trend(one: VillageFigures, known: Known, year: int) -> Trend:
    """With what the sheet leaves out as it is known."""
    before, now = one.trend.before, one.trend.now
    return Trend(
        _value(known, year - 1, one.village, one.code) if before is None else before,
        _value(known, year, one.village, one.code) if now is None else now,
    )


def _value(known: Known, year: int, village: str, code: str) -> int | None:
    found = known.get((year, village, code))
    return None if found is None else found.value


async def _warn(chat: Chat, rows: Rows) -> None:
    """One message to the town, if somebody else brings figures that fell."""
    found = await _known(chat)
    fell = [one for one in _taken(rows) if _trend(one, found, chat.now.year).falls]
    town = chat.world.directory.ids(Role.TOWN, chat.world.plan.town.code)
    if fell:
        plan = chat.world.plan
        named = [f"{plan.village(one.village).name} {plan.indicator(one.code).title} {one.trend}" for one in fell[:3]]
        text = "\n".join([f"【指标减少】导入的表里有 {len(fell)} 项比去年少：", *named])
        see = [[Button(label="看指标", says="/indicators")]]
        await chat.push(town, text, Intent(Cause.INDICATORS, chat.store.session.request), buttons=see)


async def _template(chat: Chat) -> bytes:
    """The form with a row a village and indicator, and what is known filled in."""
    plan, year, known = chat.world.plan, chat.now.year, await _known(chat)
    rows: list[Row] = [[column.value for column in IndicatorColumn]]
    for village in villages_of(chat.person, plan, *IN_OFFICE):
        for one in entered_by(chat.person, plan):
            values = (_value(known, when, village, one.code) for when in (year - 1, year))
            found = known.get((year, village, one.code))
            rows.append([plan.village(village).name, one.title, *values, found.reason if found else None])
    return await asyncio.to_thread(write_rows, _SHEET, rows, width=len(IndicatorColumn))


def _result(table: Table[IndicatorColumn], rows: Rows, known: Known, year: int) -> bytes:
    """The sheet as it came, with two columns more."""
    beside = {row.at: (_outcome(row, known, year), row.told) for row in rows}
    beside[table.header] = ("结果", "原因")
    return write_outcomes(_SHEET, table.rows, beside=beside)
