"""Checking watch-lists 清单核查： the village says of each person due how it is, three at a sitting; a "no" becomes a clue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

from handlers.cases.filing import file_confirmed
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, EvidencedText, Text, TextWithEvidence
from handlers.wording.days import day_in_words, moment_in_words
from handlers.wording.evidence import evidence_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from storage.cases.records import ClueSource
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.plan import Watchlist
from storage.roster import Household
from storage.watchlists import Watched

_SITTING = 3
"""Entries of one sitting."""
_FINE, _FOUND, _OFF = "fine", "found", "off"
_ANSWERS = [(_FINE, "正常"), (_FOUND, "有问题"), (_OFF, "已不在清单")]
_SEE_ALL = [[Button(label="看清单情况", says="/watchlists")]]


@conversation("watch", "清单核查", for_roles={Role.VILLAGE, Role.TOWN, Role.COUNTY}, words=("核查清单", "接着核查"))
async def watch(chat: Chat) -> None:
    """Args: a village code, for one's own village alone or a look from above; without any, all one's villages."""
    regions = await _regions(chat)
    if regions is None:
        return
    seen: list[int] = []
    for turn in range(1, _SITTING + 1):
        key = await chat.recall(f"entry{turn}", partial(_next, chat, regions, seen))
        if key is None:
            break
        seen.append(key[0])
        await _check(chat, turn, *key)
    left = await _due(chat, regions)
    if left:
        await chat.say(f"本村还有 {left} 人到期。", [[Button(label="接着核查", says=f"/watch {chat.args}".rstrip())]])
    else:
        await chat.say("到期的都核查过了。" if seen else "今天没有到期的。到期时会提醒您。")


async def _regions(chat: Chat) -> list[str] | None:
    """The villages to check; None when there is nothing to do, which has been said then."""
    person, code = chat.person, chat.args
    if not code:
        regions = [post.region for post in person.posts_as(Role.VILLAGE)]
        if not regions:
            await chat.say("清单由村里核查，您可以看情况。", _SEE_ALL)
        return regions or None
    known = code in {village.code for village in chat.world.plan.villages}
    if known and person.covers(code, Role.VILLAGE):
        return [code]
    if not known or not person.covers(code, Role.TOWN, Role.COUNTY):
        chat.refuse()
    await chat.say(f"{chat.world.plan.village(code).name}清单核查还有 {await _due(chat, [code])} 人到期。", _SEE_ALL)
    return None


async def _due(chat: Chat, regions: Sequence[str]) -> int:
    counts = await chat.store.watchlists.due_by_village(chat.world.plan.id, chat.now.date(), regions=regions)
    return sum(counts.values())


async def _next(chat: Chat, regions: Sequence[str], seen: Sequence[int]) -> tuple[int, int] | None:
    """The next entry to check, as it was seen: its id and version."""
    found = await chat.store.watchlists.due(chat.world.plan.id, regions, today=chat.now.date(), most=1, without=seen)
    return (found[0].id, found[0].version) if found else None


async def _check(chat: Chat, turn: int, entry_id: int, version: int) -> None:
    entry = await chat.store.watchlists.get(entry_id)
    household = chat.world.roster.by_id.get(entry.household_id) if entry else None
    if entry is None or household is None:  # taken off the roster meanwhile
        return
    chat.looked(household.id)
    plan = chat.world.plan
    listed = plan.watchlist(entry.list)
    lines = [f"{listed.title}：{entry.name}({household_in_words(chat.world.plan, household)})", listed.question]
    if entry.note and not listed.sensitive:
        lines.insert(1, entry.note)
    answer = await chat.ask(f"answer{turn}", Choice("\n".join(lines), _ANSWERS))
    if answer == _FOUND and not await chat.recall(f"earlier{turn}", partial(_earlier, chat, entry_id, version)):
        await chat.say(await _found(chat, turn, listed, household, entry_id, version))
        return
    reason = ""
    if answer == _OFF:
        reason = await chat.ask(f"why{turn}", Text("为什么不在清单了？", max_length=100, example="已参保"))
    text = await chat.once(f"put{turn}", partial(_put, chat, entry_id, version, reason))
    if text:
        await chat.say(text)


async def _put(chat: Chat, entry_id: int, version: int, reason: str) -> str:
    """All is well, or off the list for a reason; what the other one said, where somebody was first."""
    entry = await chat.store.watchlists.get(entry_id)
    if entry is None or entry.version != version:
        return await _earlier(chat, entry_id, version)
    if reason:
        await chat.store.watchlists.end(entry, chat.person.id, reason=reason)
    else:
        await chat.store.watchlists.checked(entry, chat.person.id, next_on=_again(chat, entry))
    return ""


async def _earlier(chat: Chat, entry_id: int, version: int) -> str:
    """What somebody has done with the entry since it was seen, in words; empty if nobody has."""
    entry = await chat.store.watchlists.get(entry_id)
    if entry is None or entry.version == version:
        return ""
    by = entry.ended_by if entry.ended_at else entry.checked_by
    who = await chat.name_of(by)
    if entry.ended_at:
        return f"{who}已在 {moment_in_words(entry.ended_at)} 把{entry.name}移出清单。"
    return f"{entry.name}已由{who}核查过，下次 {day_in_words(entry.next_on)}。"


async def _found(chat: Chat, turn: int, listed: Watchlist, household: Household, entry_id: int, version: int) -> str:
    told = await chat.ask(f"told{turn}", TextWithEvidence("请说说情况，照片可以一起发。", example="辍学在家，想出去打工"))
    lines = [household_in_words(chat.world.plan, household), kinds_in_words(chat.world.plan, [listed.risk]), told.text]
    lines.append(evidence_in_words(photos=len(told.photos)))
    if not await chat.confirm("\n".join(filter(None, lines)), key=f"confirm{turn}"):
        return "没有提交，下次再核查。"
    return await chat.once(f"file{turn}", partial(_file, chat, listed, household, told, entry_id, version))


async def _file(chat: Chat, listed: Watchlist, household: Household, told: EvidencedText, entry_id: int, version: int) -> str:
    """The clue is filed in any case: it is about the household, whoever was first with the entry."""
    clue = await file_confirmed(chat, household, source=ClueSource.CADRE, kinds=[listed.risk], detail=told.text, shown=told)
    filed = f"已上报，{clue.number}号线索。"
    entry = await chat.store.watchlists.get(entry_id)
    if entry is None or entry.version != version:
        return filed + await _earlier(chat, entry_id, version)
    await chat.store.watchlists.checked(entry, chat.person.id, next_on=_again(chat, entry), found=True)
    return filed


def _again(chat: Chat, entry: Watched) -> date:
    return chat.now.date() + timedelta(days=chat.world.plan.watchlist(entry.list).every_days)
