"""The town supervises: every village at least once in the phase (plan: 时间安排(三)). What is found becomes a problem of the
village or a clue about a household at once."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.calendar.planning import plan_deadline
from handlers.cases.filing import file_confirmed
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Day, HouseholdChoice, Several, Text
from handlers.engine.questions.base import Answer, More, Prompt
from handlers.engine.questions.next_household import VillageChoice, village_options
from handlers.engine.said import DONE, Said
from handlers.problems.common import problem_button, problem_in_words
from handlers.reading import shortened
from handlers.rights.reach import villages_of
from handlers.wording.days import day_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import risk_options
from storage.cases.records import ClueSource
from storage.database.base import SHANGHAI
from storage.mail.intents import Cause, Intent
from storage.people.persons import Role
from storage.plan import Plan
from storage.problems.records import NewProblem, Problem
from storage.roster import Household

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_FINDINGS = 10
_PHASE = "supervise"
"""The phase in which all villages have to be supervised."""
_NOTHING = ("没有", "没有问题", "没问题", "无", "没了", "没发现", "没有发现")


class SupervisionFinding(NamedTuple):
    """What was found; about a household, a clue of these kinds, else a problem of the village."""

    text: str
    household: Household | None
    kinds: list[str]


class FindingText(Text):
    """A finding in words, or empty if there is none."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, [[(DONE, "没有了")]])

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick == DONE or said.text in _NOTHING:
            return Answer("")
        return await super().read(said, partial, chat)

    def in_words(self, raw: Any) -> str:
        return super().in_words(raw) or "没有了"


@conversation("supervise", "督导", for_roles={Role.TOWN}, words=("下村督导",))
async def supervise(chat: Chat) -> None:
    villages = villages_of(chat.person, chat.world.plan, Role.TOWN)
    open_ones = await chat.recall("open", lambda: _open(chat, villages))
    listed = [*open_ones, *(code for code in villages if code not in open_ones)]
    prompt = f"督导哪个村？{_left_in_words(len(open_ones))}" + (
        "别的村请发村名。" if len(villages) > VillageChoice.offered else ""
    )
    village = await chat.ask("village", VillageChoice(prompt, village_options(listed, chat)))
    example = "入户 5 户，看了台账和会议记录"
    looked_at = await chat.ask("looked", Text(f"看了什么？例如：{example}", min_length=2, example=example))
    findings = await _findings(chat, village)
    of_village = [finding for finding in findings if finding.household is None]
    deadline = None
    if of_village:
        deadline = await chat.ask("deadline", Day("村里的问题，什么时候整改到位？例如：10月31日", past_ok=False))
    if not await chat.confirm(_summary(chat, village, looked_at, findings, deadline)):
        await chat.say("没有提交。")
        return
    key = chat.store.supervisions.add(village, chat.person.id, looked_at=looked_at, findings=len(findings))
    for finding in findings:
        if finding.household is not None:
            await file_confirmed(
                chat, finding.household, source=ClueSource.SUPERVISION, kinds=finding.kinds, detail=finding.text
            )
        elif deadline is not None:
            await _tell_village(chat, await _problem(chat, village, finding.text, deadline, key))
    first = supervision_start(chat.world.plan)
    if chat.now < first:
        await chat.say(f"记下了。督导阶段 {day_in_words(first)}开始，全覆盖从那天算起。")
    else:
        await chat.say(f"记下了。{_left_in_words(len(set(open_ones) - {village}))}")


async def _open(chat: Chat, villages: Sequence[str]) -> list[str]:
    """The villages not yet supervised in the phase."""
    done = await chat.store.supervisions.since(supervision_start(chat.world.plan))
    return [code for code in villages if code not in done]


def supervision_start(plan: Plan) -> datetime:
    """The first moment of the supervision phase; of the whole plan, where it has no such phase."""
    first = next((phase.first for phase in plan.phases if phase.code == _PHASE), plan.phases[0].first)
    return datetime.combine(first, time(), SHANGHAI)


def _left_in_words(count: int) -> str:
    return f"还有 {count} 个村没督导。" if count else "各村都督导过了。"


async def _findings(chat: Chat, village: str) -> list[SupervisionFinding]:
    findings: list[SupervisionFinding] = []
    for turn in range(1, _MOST_FINDINGS + 1):
        prompt = "发现什么问题？一条一条发。" if turn == 1 else f"记下 {turn - 1} 条。还有吗？"
        text = await chat.ask(f"found{turn}", FindingText(prompt, example="公示栏政策未更新"))
        if not text:
            break
        whose = HouseholdChoice("是哪一户的事？发户主姓名或户号；是村里的事就跳过。", within=[village], optional=True)
        household = await chat.ask_optional(f"whose{turn}", whose)
        kinds: list[str] = []
        if household is not None:
            kinds = await chat.ask(f"kinds{turn}", Several("有什么困难？可选多项，如：1 4", risk_options(chat.world.plan)))
        findings.append(SupervisionFinding(text, household, kinds))
    return findings


def _summary(chat: Chat, village: str, looked_at: str, findings: Sequence[SupervisionFinding], deadline: date | None) -> str:
    until = f"，{day_in_words(deadline)}前整改" if deadline else ""
    found = f"发现 {len(findings)} 条{until}：" if findings else "没有发现问题"
    lines = [f"督导{chat.world.plan.village(village).name}：{shortened(looked_at, 40)}", found]
    for finding in findings[:3]:
        where = f"{household_in_words(chat.world.plan, finding.household)}：" if finding.household else ""
        lines.append(f"{where}{shortened(finding.text, 30)}")
    return "\n".join([*lines, *(["……"] if len(findings) > 3 else [])])


async def _problem(chat: Chat, village: str, text: str, deadline: date, supervision: int) -> Problem:
    """Add a finding to the problem ledger, under the plan's source for its own checks."""
    problems, plan = chat.store.problems, chat.world.plan
    new = NewProblem(source=plan.selfcheck.source, region=village, description=text, deadline=deadline)
    problem = await problems.add(new, problems.fingerprint(f"supervision:{supervision}:{text}"))
    plan_deadline(chat.store.reminders, plan, subject="problem", subject_id=str(problem.id), deadline=deadline, now=chat.now)
    return problem


async def _tell_village(chat: Chat, problem: Problem) -> None:
    await chat.push(
        chat.world.directory.ids(Role.VILLAGE, problem.region),
        f"【督导发现】{problem_in_words(chat.world, problem)}\n{shortened(problem.description, 100)}\n"
        f"请在 {day_in_words(problem.deadline)}前整改。",
        intent=Intent(Cause.PROBLEM, f"{problem.id}:supervision"),
        buttons=[[problem_button(problem)]],
    )
