"""The second-round sweep 第二轮排查: every household of the village is visited once (plan: 时间安排(三), 不落一户)."""

from __future__ import annotations

from handlers.cases.common import next_step_row
from handlers.cases.filing import ask_and_file
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Option
from handlers.engine.questions.next_household import NextHousehold
from handlers.rights.reach import villages_of
from handlers.visits.common import by_group, still_to_visit, visit_buttons
from handlers.wording.days import moment_in_words
from handlers.wording.households import household_in_words
from storage.cases.records import Clue
from storage.cases.steps import Step
from storage.people.persons import Role
from storage.roster import Household
from storage.visits import VisitOutcome

_OUTCOMES: list[Option] = [(one.value, one.label) for one in VisitOutcome]
_ABSENCES: list[Option] = [("work", "外出务工"), ("away", "临时不在家"), ("empty", "常年不住人"), ("lost", "联系不上")]
_NEXT = 5


@conversation(
    "sweep", "入户排查", for_roles={Role.VILLAGE}, words=("排查", "第二轮排查"), intent="visit", intent_label="记一次走访"
)
async def sweep(chat: Chat) -> None:
    """Args: a household's number; without one, the next are offered."""
    household = await _household(chat)
    if household is None:
        return
    visit = await chat.store.visits.of(household.id, chat.world.round)
    if visit is not None and visit.outcome.met:
        chat.looked(household.id)
        who = await chat.name_of(visit.person_id)
        when, home = moment_in_words(visit.at), household_in_words(chat.world.plan, household)
        done = f"{home}：{who}已在 {when} 走访，{visit.outcome.label}。"
        await _go_on(chat, household.village, done)
        return
    asked = f"{household_in_words(chat.world.plan, household)}({household.kind})，情况怎么样？"
    outcome = VisitOutcome(await chat.ask("outcome", Choice(asked, _OUTCOMES)))
    note = ""
    if outcome is VisitOutcome.ABSENT:
        note = dict(_ABSENCES)[await chat.ask("absence", Choice("为什么没见到人？", _ABSENCES))]
    elif outcome is VisitOutcome.TROUBLE and not await ask_and_file(chat, household):
        return  # the visit counts once its trouble is reported
    if chat.guessed("household") and outcome is not VisitOutcome.TROUBLE:  # nobody has named it here yet
        reason = f"，{note}" if note else ""
        if not await chat.confirm(f"{household_in_words(chat.world.plan, household)}：{outcome.label}{reason}"):
            await chat.say("没有记。")
            return
    await chat.store.visits.add(household, chat.world.round, by=chat.person.id, outcome=outcome, note=note)
    done = "记下了。" if outcome.met else "记下了，这一户还要再去。"
    if outcome.met and (clue := await _unverified(chat, household)):
        chat.looked(household.id)
        await chat.say(f"{done}这户还有 {clue.number}号没核查。", next_step_row(clue))
        done = ""
    await _go_on(chat, household.village, done)


async def _household(chat: Chat) -> Household | None:
    """The household of the command, or asked for; None after saying that there is none left."""
    villages = villages_of(chat.person, chat.world.plan, Role.VILLAGE)
    if chat.args:
        found = chat.world.roster.search(chat.args, villages) if chat.args.isdecimal() else []
        if not found:
            chat.refuse()
        return found[0]
    left = await chat.recall("left", lambda: _left(chat, villages))
    if not left:
        await chat.say("没有要走访的农户了。")
        return None
    count = sum(number for _, number, _ in left)
    prompt = f"去哪一户？还有 {count} 户没走到，也可以发姓名、拼音首字母或户号。"
    return await chat.ask("household", NextHousehold(prompt, within=villages, groups=left))


async def _left(chat: Chat, villages: list[str]) -> list[tuple[str, int, list[int]]]:
    left = []
    for village in villages:
        where = chat.world.plan.village(village).name if len(villages) > 1 else ""
        left += [(where + name, count, ids) for name, count, ids in by_group(await still_to_visit(chat, village))]
    return left


async def _unverified(chat: Chat, household: Household) -> Clue | None:
    """A difficulty of the household that somebody still has to look at."""
    clues = await chat.store.clues.open_of(household.id)
    return next((clue for clue in clues if clue.step is Step.VERIFY), None)


async def _go_on(chat: Chat, village: str, done: str) -> None:
    """What is done, how many are left, and the next of them."""
    left = await still_to_visit(chat, village)
    name = chat.world.plan.village(village).name
    if not left:
        await chat.say(f"{done}\n{name}全部走到了，不落一户。".lstrip())
        return
    untried = [household for household, visit in left if visit is None]
    await chat.say(f"{done}\n{name}还有 {len(left)} 户没走到。".lstrip(), visit_buttons("sweep", untried[:_NEXT]))
