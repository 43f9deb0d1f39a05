"""Files a risk report: near-duplicates, summary, the clue, its clock, and the push to the village."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handlers.calendar.deadlines import last_day
from handlers.calendar.planning import plan_clue
from handlers.cases.common import relation_to, sight_on
from handlers.engine.chat import Chat
from handlers.engine.questions import Choice, Evidence, Option, Photos, Several, Text
from handlers.engine.questions.base import Answer, More
from handlers.engine.questions.evidenced_text import voices_beside
from handlers.engine.said import Said
from handlers.engine.world import World
from handlers.reading import Unreadable, clean, read_yes_no
from handlers.rights.sight import IN_OFFICE, Sight
from handlers.wording.days import day_in_words
from handlers.wording.evidence import evidence_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words, risk_options
from storage.cases.records import Clue, ClueSource, SaidBy
from storage.database.base import to_base36
from storage.joining.consents import CONSENT
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.roster import Household

NEW = "new"
"""Instead of an open clue's number: the report is about something else."""

_FOLLOW = [[Button(label="看进展", says="/my")]]


class SameCaseChoice(Choice):
    """Choose one of the open clues or a new one. Takes yes and no too, where the 是 in 不是 means no."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        known = [value for value, _ in self.options if value != NEW]
        if said.text.removesuffix("号") in known and said.text.endswith("号"):
            return Answer(said.text.removesuffix("号"))
        same = None if said.pick is not None or clean(said.text).isdecimal() else _yes_or_no(said.text)
        if same is False and len(known) < len(self.options):
            return Answer(NEW)
        if same and len(known) > 1:
            raise Unreadable("是哪一件？请回复编号，例如：1")
        if same:
            return Answer(known[0])
        return await super().read(said, partial, chat)


def _yes_or_no(text: str) -> bool | None:
    """True for yes, False for no, None for neither."""
    try:
        return read_yes_no(text)
    except Unreadable:
        return None


async def ask_same_case(chat: Chat, household: Household, prompt: str) -> str:
    """Ask which open clue the report belongs to. Returns its number, or NEW; does not ask if there is none."""
    similar = await chat.recall("similar", lambda: open_clue_options(chat, household))
    if not similar:
        return NEW
    return await chat.ask("join", SameCaseChoice(prompt, [*similar, (NEW, "不是，另报一件")]))


async def open_clue_options(chat: Chat, household: Household) -> list[Option]:
    """The household's open clues that the person may see or reported, as options: the others are not there for them."""
    found = [one for one in await chat.store.clues.open_of(household.id) if _known(chat, one)]
    if found:
        chat.looked(household.id)
    return [
        (str(clue.number), f"{clue.number}号 {kinds_in_words(chat.world.plan, clue.kinds)} {day_in_words(clue.reported_at)}")
        for clue in found[:3]
    ]


def _known(chat: Chat, clue: Clue) -> bool:
    return sight_on(chat, clue, followed=clue.reporter_id == chat.person.id) is not Sight.NOTHING


async def ask_and_file(chat: Chat, household: Household) -> bool:
    """Ask a cadre about a household's difficulty and file it. Returns whether it was filed."""
    joined = await ask_same_case(
        chat, household, f"{household_in_words(chat.world.plan, household)}已有没办结的线索，是同一件事吗？"
    )
    kinds: list[str] = []
    if joined == NEW:
        kinds = await chat.ask("kinds", Several("有什么困难？可选多项，如：1 4", risk_options(chat.world.plan)))
    detail = await chat.ask("detail", Text("请说说情况，可以用语音输入。"))
    shown = await chat.ask_optional("photos", Photos("拍照或发定位，没有就跳过。", optional=True)) or Evidence()
    return await file_clue(chat, household, ClueSource.CADRE, joined, kinds, detail, shown)


async def file_clue(
    chat: Chat, household: Household, source: ClueSource, joined: str, kinds: list[str], detail: str, shown: Evidence
) -> bool:
    """Confirm and file. Returns whether it was filed. `joined` is the answer of `ask_same_case`."""
    lines = [
        household_in_words(chat.world.plan, household),
        kinds_in_words(chat.world.plan, kinds) if kinds else f"并入 {joined}号",
        detail,
    ]
    voices = voices_beside(detail, [voice.seconds for voice in shown.voices])
    at_home = source is ClueSource.SELF_REPORT
    lines += [
        evidence_in_words(photos=len(shown.photos), voices=voices, place=shown.place is not None),
        "点提交，就是同意村里上门看看。" if at_home else "",
    ]
    if not await chat.confirm("\n".join(filter(None, lines))):
        await chat.say("没有提交。")
        return False
    existing = None if joined == NEW else await chat.store.clues.numbered(int(joined))
    if existing is not None:
        await chat.store.clues.join(existing, chat.person.id, detail=detail, photos=shown.photos, voices=shown.spoken)
        await _tell_village(chat, household, existing, f"{existing.number}号线索有新情况", detail, shown)
        done = f"记在 {existing.number}号里了，村里一起看。" if at_home else f"已并入 {existing.number}号线索，村里一起核查。"
        await chat.say(done, _FOLLOW)
        return True
    unseen = [one.number for one in await chat.store.clues.open_of(household.id) if not _known(chat, one)]
    clue = await _add(chat, household, source, kinds, detail, shown)
    title = "农户自报" if at_home else "新线索"
    await _tell_village(chat, household, clue, f"{title} {clue.number}号", detail, shown, unseen=unseen)
    days = chat.world.plan.clocks.verify.days
    visit = "收到了，编号 {}。{} 个工作日内有人上门看看。" if at_home else "已上报，编号 {}。{} 个工作日内入户核查。"
    await chat.say(visit.format(clue.number, days), _FOLLOW if at_home else [*_FOLLOW, said_by_row(clue)])
    return True


async def file_confirmed(
    chat: Chat, household: Household, *, source: ClueSource, kinds: list[str], detail: str, shown: Evidence | None = None
) -> Clue:
    """File a report that is confirmed already, or join an open clue of the same kind that the person may see."""
    shown = shown or Evidence()
    standing = await chat.store.clues.open_of(household.id)
    alike = [clue for clue in standing if set(clue.kinds) & set(kinds) and _known(chat, clue)]
    unseen = [] if alike else [clue.number for clue in standing if not _known(chat, clue)]
    if alike:
        await chat.store.clues.join(alike[0], chat.person.id, detail=detail, photos=shown.photos, voices=shown.spoken)
    clue = alike[0] if alike else await _add(chat, household, source, kinds, detail, shown)
    title = f"{clue.number}号线索有新情况" if alike else f"{source.label} {clue.number}号"
    await _tell_village(chat, household, clue, title, detail, shown, unseen=unseen)
    return clue


async def _add(chat: Chat, household: Household, source: ClueSource, kinds: list[str], detail: str, shown: Evidence) -> Clue:
    due_on = last_day(chat.now.date(), chat.world.plan.clocks.verify)
    said_by, speaker = _whose_words(chat, household, source)
    clue = await chat.store.clues.add(
        household_id=household.id,
        village=household.village,
        source=source,
        kinds=kinds,
        detail=detail,
        photos=shown.photos,
        voices=shown.spoken,
        place=shown.place,
        reporter_id=chat.person.id,
        consent=CONSENT if source is ClueSource.SELF_REPORT else None,
        said_by=said_by,
        speaker=speaker,
        due_on=due_on,
    )
    plan_clue(chat.store.reminders, chat.world.plan, clue=clue, now=chat.now)
    return clue


def _whose_words(chat: Chat, household: Household, source: ClueSource) -> tuple[SaidBy | None, str | None]:
    """Whose words a report is: of a household's phone its holder's, of a cadre's what the cadre saw, until they say other."""
    if source is ClueSource.CADRE:
        return SaidBy.SEEN, None
    if source is not ClueSource.SELF_REPORT:
        return None, None
    relation = relation_to(chat.person, household.id)
    return (SaidBy.FAMILY, f"{chat.person.name}（{relation}）") if relation else (SaidBy.SELF, None)


def said_by_row(clue: Clue) -> list[Button]:
    """The buttons by which a cadre who reports for somebody notes whose words it was."""
    key = to_base36(clue.id)
    return [Button(label=one.label, says=f"/words {key} {one.value}") for one in (SaidBy.SELF, SaidBy.FAMILY)]


async def _tell_village(
    chat: Chat, household: Household, clue: Clue, title: str, detail: str, shown: Evidence, *, unseen: Sequence[int] = ()
) -> None:
    """Push the news to the household's helpers, or to all cadres of its village if it has none.

    `unseen` are the numbers of open clues that whoever reports may not see and so could not join.
    """
    kinds = kinds_in_words(chat.world.plan, clue.kinds)
    due = f"请在 {day_in_words(clue.due_on)}前入户核查。" if clue.due_on else ""
    also = f"\n这户还有没办结的：{'、'.join(f'{one}号' for one in unseen)}。" if unseen else ""
    look = Button(label="查看", says=f"/clue {to_base36(clue.id)}")
    note, confirming = _unconfirmed(chat, household)
    await chat.push(
        _helpers(chat.world, household),
        f"【{title}】{household_in_words(chat.world.plan, household)}\n困难：{kinds}\n{detail}\n{due}".rstrip() + also + note,
        intent=Intent(Cause.CLUE, f"{clue.number}:{chat.store.session.request}"),
        buttons=[[look, *confirming]],
        file=next(iter([*shown.spoken, *shown.photos]), None),
        about=[household.id],
    )


def _unconfirmed(chat: Chat, household: Household) -> tuple[str, list[Button]]:
    """What the village is told where a phone reports that nobody has confirmed, and the button that confirms it."""
    posts = [post for post in chat.person.posts_as(Role.HOUSEHOLD) if post.household_id == household.id]
    if chat.person.has(*IN_OFFICE) or not posts or chat.person.speaks_for(household.id):
        return "", []
    return (f"\n{chat.person.name}的手机还没确认。", [Button(label="是这家人", says=f"/newcomer {to_base36(posts[0].id)} yes")])


def _helpers(world: World, household: Household) -> Sequence[int]:
    helper = world.directory.person(household.helper_id) if household.helper_id else None
    if helper is not None and helper.address and helper.person.covers(household.village, Role.VILLAGE):
        return [helper.person.id]
    return world.directory.ids(Role.VILLAGE, household.village)
