"""Two units' lists held against each other, as a file. What differs from the roster has its owner already."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice
from handlers.files.ask import read_sent
from handlers.files.keeping import keep
from handlers.files.reader import FROM_THE_OPERATOR
from handlers.files.spreadsheets import XLSX, write_rows
from handlers.files.tables import Row
from handlers.reconciling.compare import homes_on
from handlers.reconciling.hand_in import source_in_words
from handlers.reconciling.match import Facts, Named, differing, match, said
from handlers.reconciling.sheet import AGREES, DIFFERS, UNCLEAR, Sheet, read_list, shown
from handlers.wording.days import day_in_words
from storage.mail.messages import Button, SentFile
from storage.people.masking import mask_id
from storage.people.persons import Role
from storage.plan import Plan

_SHEET = "两份名单"
_HEADINGS = ("姓名", "村", "身份证号", "结果", "哪里不一样")


@conversation("twolists", "两份名单对比", for_roles={Role.TOWN}, words=("名单对比",))
async def two_lists(chat: Chat) -> None:
    """For the town alone: a unit must not learn who is on another's list."""
    listed = await chat.recall("lists", partial(_listed, chat))
    if len(listed) < 2:
        again = [[Button(label="对账", says="/reconcile")]]
        await chat.say("要先有两家的名单。请先用「对账」把名单交上来。", again)
        return
    options = [(source, label) for source, label, _ in listed]
    files = {source: sha256 for source, _, sha256 in listed}
    left = await chat.ask("left", Choice("先选一份名单：", options))
    others = [option for option in options if option[0] != left]
    right = await chat.ask("right", Choice("和哪一份比？", others)) if len(others) > 1 else others[0][0]
    plan = chat.world.plan
    sheets = [await _read(chat, files[source]) for source in (left, right)]
    names = [source_in_words(plan, source) for source in (left, right)]
    rows = await asyncio.to_thread(held_together, plan, names, sheets[0], sheets[1])
    content = await asyncio.to_thread(write_rows, _SHEET, [_HEADINGS, *rows], width=len(_HEADINGS))
    sha256 = await keep(chat.store, chat.world, content=content, content_type=XLSX)
    chat.took(*await homes_on(chat.store, plan, chat.world.roster, chat.world.directory, sheets))
    counts = "，".join(f"{outcome} {count}" for outcome, count in Counter(str(row[3]) for row in rows).most_common())
    text = f"{names[0]}和{names[1]}的名单：{counts}。\n和名册不一样的，已在「对账差异」里分给人核。"
    await chat.say(text, file=sha256, file_name="两份名单对比.xlsx")


async def _listed(chat: Chat) -> list[list[str]]:
    """Source, label and file of the last list of each source."""
    plan = chat.world.plan
    found = await chat.store.reconciliations.latest()
    return [
        [one.source, f"{source_in_words(plan, one.source)} {day_in_words(one.at)} {one.listed}人", one.sha256] for one in found
    ]


async def _read(chat: Chat, sha256: str) -> Sheet:
    sent = SentFile(sha256=sha256, kind="document")
    return await read_sent(chat, sent, read=read_list, plan=chat.world.plan, today=chat.now.date(), limits=FROM_THE_OPERATOR)


def held_together(plan: Plan, names: Sequence[str], left: Sheet, right: Sheet) -> list[Row]:
    """A row for everybody of both lists, those first of whom something is to be mended; numbers masked."""
    ours, theirs = dict(left.good), dict(right.good)
    found = match(_named(ours), _named(theirs))
    rows: list[Row] = []
    for at, other in found.pairs:
        differ = [
            f"{one.value}：{names[0]} {shown(plan, one, said(ours[at], one))}，"
            f"{names[1]} {shown(plan, one, said(theirs[other], one))}"
            for one in differing(ours[at], theirs[other])
        ]
        rows.append(_row(plan, ours[at], DIFFERS if differ else AGREES, "；".join(differ)))
    rows += [_row(plan, ours[at], f"只在{names[0]}") for at in found.left_only]
    rows += [_row(plan, theirs[at], f"只在{names[1]}") for at in found.right_only]
    for clash in found.clashes:
        rows += [_row(plan, ours[at], UNCLEAR, names[0]) for at in clash.left]
        rows += [_row(plan, theirs[at], UNCLEAR, names[1]) for at in clash.right]
    return sorted(rows, key=lambda row: (row[3] == AGREES, str(row[3])))


def _named(listed: dict[int, Facts]) -> list[Named]:
    return [Named(at, facts.name, facts.village, facts.id_number) for at, facts in listed.items()]


def _row(plan: Plan, facts: Facts, outcome: str, told: str = "") -> Row:
    village = plan.village(facts.village).name if facts.village else ""
    return [facts.name, village, mask_id(facts.id_number) if facts.id_number else "", outcome, told]
