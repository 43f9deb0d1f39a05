"""Reconciling 对账: a unit's list, or the national system's, is held against the roster, and what differs gets an owner."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

from handlers.engine.attendance import on_duty, stand_in_note
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.notify import notify
from handlers.engine.questions import Choice, Option, Several
from handlers.engine.world import World
from handlers.files.ask import ask_for_file, read_sent, result_name, table_file
from handlers.files.keeping import keep
from handlers.files.spreadsheets import XLSX
from handlers.reconciling.compare import compare
from handlers.reconciling.sheet import AGREES, DIFFERS, NOT_OURS, UNCLEAR, Comparison, Sheet, read_list, sender_of
from storage.database.base import to_ms
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing, SentFile
from storage.people.persons import Person, Role
from storage.plan import Plan
from storage.reconciling import NATIONAL, Entered
from storage.roster import KINDS
from storage.store import Store

_NATIONAL = "国家系统"
_ANY = "any"
_SHOWN_SILENT = 3


@conversation("reconcile", "对账", for_roles={Role.TOWN, Role.UNIT}, words=("名单对账", "账账相符"), first_question="file1")
async def reconcile(chat: Chat) -> None:
    prompt = "请发名单（.xlsx 或 .csv），要有姓名，和身份证号或村；户类型、人口数、电话、帮扶责任人有就比。"
    sent, _ = await ask_for_file(chat, table_file(prompt), preview=partial(_looked, chat))
    options = sources_of(chat.person, chat.world.plan)
    source = options[0][0] if len(options) == 1 else await chat.ask("source", Choice("这是哪里的名单？", options))
    asked = "名单应当把哪些户都列上？漏了的会查出来。可多选，如：2 3"
    kinds = await chat.ask("kinds", Several(asked, [*((one, one) for one in KINDS), (_ANY, "不查漏户")]))
    kinds = [] if _ANY in kinds else kinds
    summary = await chat.recall("seen", partial(_preview, chat, sent, source, kinds))
    if not await chat.confirm(summary):
        await chat.say("没有对账。")
        return
    sheet = await _read(chat, sent)
    found, entered = await record(
        chat.store, chat.world, sheet=sheet, source=source, kinds=kinds, sha256=sent.sha256, by=chat.person.id
    )
    await tell_owners(chat.store, chat.world, source=source, entered=entered, by=chat.person.id)
    content = await asyncio.to_thread(found.as_sheet, chat.world.plan)
    sha256 = await keep(chat.store, chat.world, content=content, content_type=XLSX)
    chat.took(*found.homes)
    name = result_name(sent.name or "名单", "对账结果")
    await chat.say(f"{outcome_in_words(entered)}\n逐行结果见文件。", [[_GO_ON]], file=sha256, file_name=name)


_GO_ON = Button(label="对账差异", says="/differences")


def sources_of(person: Person, plan: Plan) -> list[Option]:
    """Whose lists somebody may bring: the town everybody's and the national system's, a unit its own."""
    if person.covers(plan.town.code, Role.TOWN):
        named = [(unit.code, unit.name) for unit in plan.units if not unit.members and unit.role is not Role.VILLAGE]
        return [(NATIONAL, _NATIONAL), *named]
    own = dict.fromkeys(post.unit for post in person.posts_as(Role.UNIT) if post.unit)
    return [(unit, plan.unit(unit).name) for unit in own]


def source_in_words(plan: Plan, source: str) -> str:
    return _NATIONAL if source == NATIONAL else plan.unit(source).name


async def record(
    store: Store, world: World, *, sheet: Sheet, source: str, kinds: Sequence[str], sha256: str, by: int
) -> tuple[Comparison, Entered]:
    """Compare, and record what differs; the same list again has no second effect."""
    found = await compare(store, world.plan, world.roster, world.directory, sheet, source, kinds)
    matched = found.count(AGREES) + found.count(DIFFERS)
    key = store.reconciliations.add(source, kinds, sha256=sha256, listed=len(found.sheet.good), matched=matched, by=by)
    sender = sender_of(world.plan, source)
    return found, await store.reconciliations.enter(key, source, sender=sender, found=found.found, agreed=found.agreed)


def counts_in_words(found: Comparison) -> str:
    outcomes = "，".join(f"{one} {found.count(one)}" for one in (AGREES, DIFFERS, NOT_OURS, UNCLEAR))
    missing = f"；名单里没有的 {len(found.not_listed)}" if found.not_listed else ""
    return f"{outcomes}，有误 {len(found.sheet.errors)} 行{missing}。"


def outcome_in_words(entered: Entered) -> str:
    parts = [f"新差异 {len(entered.new)} 处"]
    parts += [f"又出现 {len(entered.returned)} 处（以前了结过）"] if entered.returned else []
    parts += [f"原来就有 {entered.known} 处"] if entered.known else []
    parts += [f"已对上、自动了结 {entered.agreed} 处"] if entered.agreed else []
    return "对账完成：" + "，".join(parts) + "。"


async def _looked(chat: Chat, sent: SentFile) -> dict[str, int]:
    return {"people": len((await _read(chat, sent)).good)}


async def _read(chat: Chat, sent: SentFile) -> Sheet:
    """Raises Unreadable."""
    return await read_sent(chat, sent, read=read_list, plan=chat.world.plan, today=chat.now.date())


async def _preview(chat: Chat, sent: SentFile, source: str, kinds: Sequence[str]) -> str:
    world, sheet = chat.world, await _read(chat, sent)
    found = await compare(chat.store, world.plan, world.roster, world.directory, sheet, source, kinds)
    lines = [f"{source_in_words(world.plan, source)}名单 {len(sheet.good)} 人，与名册比：", counts_in_words(found)]
    if found.silent:
        named = "、".join(found.silent[:_SHOWN_SILENT])
        more = f"等 {len(found.silent)} 个村" if len(found.silent) > _SHOWN_SILENT else ""
        lines.append(f"名单里没有{named}{more}的人，这些村不查漏户。")
    lines += [str(error) for error in sheet.errors[:1]]
    return "\n".join([*lines, "提交就记下差异，分给各村、站所核对。"])


async def tell_owners(store: Store, world: World, *, source: str, entered: Entered, by: int) -> None:
    """One message to each person but `by` who has something new to settle, however many posts it comes by."""
    whose = Counter(one.owner for one in (*entered.new, *entered.returned))
    for_person: Counter[int] = Counter()
    for owner, count in whose.items():
        for official in world.directory.holding(owner.role, owner.region, unit=owner.unit):
            for_person[official.person.id] += count
    for_person.pop(by, None)
    messages = {}
    for person_id, absent in on_duty(world, for_person, day=store.session.now.date()).items():
        count = for_person[person_id] or max(for_person[one] for one in absent)
        text = f"【对账差异】{source_in_words(world.plan, source)}的名单与名册有 {count} 处对不上，请您核对。"
        messages[person_id] = Outgoing(text=text + stand_in_note(world, absent), buttons=((_GO_ON,),))
    intent = Intent(Cause.RECONCILE, f"{store.session.request}:{to_ms(store.session.now)}")
    await notify(store, world, messages=messages, intent=intent, personal=True)
