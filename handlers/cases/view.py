"""Shows a clue to those who may see it, with its photos, voice messages, and the next step."""

from __future__ import annotations

from handlers.cases.common import UNCONFIRMED, clue_named, sight_on
from handlers.cases.procedure import parties_of, possible_acts
from handlers.cases.table import STEPS, Act
from handlers.engine.chat import Chat, Rows
from handlers.engine.conversation import conversation, conversation_named
from handlers.rights.sight import IN_OFFICE, Sight
from handlers.wording.days import day_in_words, deadline_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from handlers.wording.measures import help_in_words
from storage.cases.records import Clue, ClueSource, SaidBy
from storage.cases.steps import Step
from storage.cases.voices import VoiceMessage
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.people.persons import Role


@conversation("clue", "看线索")
async def show_clue(chat: Chat) -> None:
    """Args: the clue's id, or its number as people say it."""
    clue, sight = await visible_clue(chat)
    if sight is Sight.REPORTED:
        await _show_own_words(chat, clue)
        return
    household = chat.world.roster.by_id.get(clue.household_id)
    home = household_in_words(chat.world.plan, household) if household else "（不在名册）"
    lines = [
        f"{clue.number}号{'' if sight is Sight.OWN else '线索'} {home}",
        f"困难：{kinds_in_words(chat.world.plan, clue.kinds)}",
        clue.detail,
        f"{await _reporter(chat, clue, sight)}，{day_in_words(clue.reported_at)}",
        await _standing(chat, clue, sight),
        *await help_in_words(chat.store, chat.world.plan, directory=chat.world.directory, clue=clue),
    ]
    photos = await chat.store.attachments.of("clue", clue.id)
    buttons = [*_next_step(chat, clue), *_assigning(chat, clue)]
    if voices := await audible_voices(chat, clue, sight):
        buttons.append([Button(label=f"听语音（{len(voices)} 条）", says=f"/listen {to_base36(clue.id)}")])
    await chat.say("\n".join(lines), buttons, file=photos[0] if photos else None)
    for place, photo in enumerate(photos[1:], 2):
        await chat.say(f"照片 {place}/{len(photos)}", file=photo)


async def _show_own_words(chat: Chat, clue: Clue) -> None:
    """What the person said themselves, in office also how it stands, and nothing of what others know of the household."""
    said = await chat.store.clues.words_of(clue, chat.person.id)
    voices = await audible_voices(chat, clue, Sight.REPORTED)
    listen = [[Button(label=f"听语音（{len(voices)} 条）", says=f"/listen {to_base36(clue.id)}")]] if voices else []
    standing = f"现在：{clue.step.label}" if chat.person.has(*IN_OFFICE) else f"村里收到了。{UNCONFIRMED}"
    await chat.say("\n".join([f"{clue.number}号，您报的：", *said, standing]), listen)


async def visible_clue(chat: Chat) -> tuple[Clue, Sight]:
    """The clue that the command names and how much of it the person may see. Refuses if that is nothing."""
    clue = await clue_named(chat, chat.args)
    sight = await _sight_on(chat, clue) if clue else Sight.NOTHING
    if clue is None or sight is Sight.NOTHING:
        chat.refuse()
    chat.looked(clue.household_id)
    return clue, sight


async def _sight_on(chat: Chat, clue: Clue) -> Sight:
    """How much of a clue the person sees."""
    return sight_on(chat, clue, followed=chat.person.id in await chat.store.clues.followers(clue))


async def audible_voices(chat: Chat, clue: Clue, sight: Sight) -> list[VoiceMessage]:
    """The clue's voice messages; a household hears only its own, and who but reported only what they said themselves."""
    voices = await chat.store.voices.about(clue.id)
    if sight is Sight.FULL:
        return voices
    if sight is Sight.REPORTED:
        return [voice for voice in voices if voice.person_id == chat.person.id]
    family = await chat.store.people.of_household(clue.household_id)
    return [voice for voice in voices if voice.person_id in family]


async def _reporter(chat: Chat, clue: Clue, sight: Sight) -> str:
    if sight is Sight.OWN:
        return "您家自己报的" if clue.source is ClueSource.SELF_REPORT else clue.source.label
    standing = await chat.store.newcomers.standing_of(clue.reporter_id, clue.household_id)
    how = "，".join(filter(None, (clue.source.label, _whose_words(clue), standing.label)))
    return f"{await chat.name_of(clue.reporter_id)}（{how}）"


def _whose_words(clue: Clue) -> str:
    """Whose words it is, where that is not what its source says anyway."""
    if clue.said_by is SaidBy.FAMILY:
        return f"{clue.speaker}说的" if clue.speaker else clue.said_by.label
    return SaidBy.SELF.label if clue.said_by is SaidBy.SELF and clue.source is ClueSource.CADRE else ""


async def _standing(chat: Chat, clue: Clue, sight: Sight) -> str:
    label = STEPS[clue.step].household if sight is Sight.OWN else clue.step.label
    if clue.step is not Step.CLOSED:
        today = chat.now.date()
        if clue.due_on is None:
            return f"现在：{label}"
        late = sight is not Sight.OWN and clue.due_on < today
        due = deadline_in_words(clue.due_on, today) if late else f"{day_in_words(clue.due_on)}前"
        return f"现在：{label}，{due}"
    events = await chat.store.clues.events(clue.id)
    return label + (f"：{events[-1].note}" if events and events[-1].note else "")


def _next_step(chat: Chat, clue: Clue) -> Rows:
    """The buttons for the person's next act: a verdict, or the conversation of the clue's step."""
    acts = possible_acts(clue, parties_of(chat.person, clue), chat.now.date(), chat.world.plan.clocks)
    key = to_base36(clue.id)
    if Act.FOUND in acts:
        return [[Button(label="属实", says=f"/verify {key} found"), Button(label="不属实", says=f"/verify {key} none")]]
    if Act.OBJECT in acts:
        return [[Button(label="我不同意", says=f"/object {key}")]]
    wanted = conversation_named(clue.step.value)
    if not acts or wanted is None or not chat.person.covers(clue.village, *wanted.roles):
        return ()
    label = wanted.title if chat.person.has(*IN_OFFICE) else "看看同意什么"
    return [[Button(label=label, says=f"/{wanted.name} {key}")]]


def _assigning(chat: Chat, clue: Clue) -> Rows:
    """The button that assigns the case, where its village has several cadres."""
    several = len(chat.world.directory.holding(Role.VILLAGE, clue.village)) > 1
    if clue.step is Step.CLOSED or not several or not chat.person.covers(clue.village, Role.VILLAGE, Role.TOWN):
        return ()
    return [[Button(label="指派", says=f"/assign clue:{to_base36(clue.id)}")]]
