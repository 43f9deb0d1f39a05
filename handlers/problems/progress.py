"""Reporting rectification progress: which problem, then what was done and how far in one sentence, or step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Evidence, Option, Question, TextWithEvidence
from handlers.engine.questions.base import Answer, More, Prompt, in_rows, needs_text, restore_record
from handlers.engine.questions.evidenced_text import MOST_PHOTOS, add_evidence, evidence_note
from handlers.engine.said import DONE, Said
from handlers.problems.common import (
    FINISHED,
    explain_state,
    own_problem,
    parties,
    problem_button,
    problem_in_words,
    problem_line,
    take_action,
)
from handlers.problems.photo_prints import prints_of
from handlers.problems.states import MOST_PERCENT, RULES, checked_percent, rectifies
from handlers.reading import Unreadable, read_choice, read_number, shortened
from handlers.reading.percents import percent_in
from handlers.rights.sight import IN_OFFICE
from handlers.wording.evidence import evidence_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.problems.records import Problem
from storage.problems.states import TO_RECTIFY, Action, ProblemState

_MOST_LISTED = 8


@conversation("progress", "报整改进展", for_roles=IN_OFFICE, words=("进展", "报进展", "整改进展"), menu=3, intent="progress")
async def progress(chat: Chat) -> None:
    """Args: the problem's number or id, and "done" when the work is finished; without any, one's own are offered."""
    said, _, finished = chat.args.partition(" ")
    if not said:
        options = await chat.recall("mine", lambda: _own_options(chat))
        if not options:
            await chat.say("没有要您整改的问题。")
            return
        said = await chat.ask("problem", ProblemChoice("报哪个问题的进展？", [(key, label) for key, label in options]))
    problem = await own_problem(chat, said)
    if problem is None or not parties(chat, problem) & RULES[Action.PROGRESS].by:
        chat.refuse()
    if problem.state not in TO_RECTIFY:
        await chat.say(await explain_state(chat, problem), [[problem_button(problem)]])
        return
    title = problem_in_words(chat.world, problem)
    done = finished == FINISHED
    asked = "做了什么？" if done else "做了什么，到几成了？一句话说完。"
    told = await chat.ask(
        "done",
        TextWithEvidence(
            f"{title} {shortened(problem.description)}\n{asked}照片、定位可以一起发。",
            example="屋顶已重铺瓦" + ("" if done else "，80%"),
        ),
    )
    percent = MOST_PERCENT if done else percent_in(told.text)
    if percent is None:
        far = await chat.ask("percent", ProgressQuestion("整改到几成了？"))
    else:
        far = ProgressAnswer(percent=percent, submit=done)
    # all in one sentence said about this problem: it is down at once, and the next one corrects it
    sure = percent is not None and not done and not chat.guessed("done")
    shown = Evidence(photos=(*told.photos, *far.photos)[:MOST_PHOTOS], place=far.place or told.place)
    if not sure and not await chat.confirm(_summary(title, told.text, far, shown)):
        await chat.say("没有提交。")
        return
    await _record(chat, problem, told.text, far, shown)


async def _own_options(chat: Chat) -> list[list[str]]:
    """Ids and labels of the problems that this person has to rectify, the most pressing first."""
    reach = rectifies(chat.person, chat.world.plan)
    found, _ = await chat.store.problems.within(reach, TO_RECTIFY, most=_MOST_LISTED)
    today = chat.now.date()
    return [[to_base36(one.id), problem_line(chat.world, one, today)] for one in found]


def _summary(title: str, text: str, far: ProgressAnswer, shown: Evidence) -> str:
    lines = [title, text, f"进度 {far.percent}%" + ("，提交镇里验收" if far.submit else "")]
    lines.append(evidence_in_words(photos=len(shown.photos), place=shown.place is not None))
    return "\n".join(filter(None, lines))


async def _record(chat: Chat, problem: Problem, text: str, far: ProgressAnswer, shown: Evidence) -> None:
    """The first progress claims the problem; being finished submits it to the town."""
    prints = await prints_of(chat, shown.photos)
    if problem.state is ProblemState.UNCLAIMED:
        problem = await take_action(chat, problem, Action.CLAIM)
    problem = await take_action(chat, problem, Action.PROGRESS, text, checked_percent(far.percent), shown, prints)
    title = problem_in_words(chat.world, problem)
    if not far.submit:
        key = to_base36(problem.id)
        submit = [[Button(label="提交验收", says=f"/progress {key} {FINISHED}")]] if far.percent == MOST_PERCENT else []
        await chat.say(f"记下了：{title} {far.percent}%。", submit)
        return
    problem = await take_action(chat, problem, Action.SUBMIT)
    key = to_base36(problem.id)
    await chat.push(
        chat.world.directory.ids(Role.TOWN, problem.region),
        f"【请验收】{title}\n{shortened(problem.description, 60)}\n{chat.person.name}：{shortened(text, 100)}",
        intent=Intent(Cause.PROBLEM, f"{problem.id}:submit:{problem.version}"),
        buttons=[
            [
                Button(label=Action.ACCEPT.label, says=f"/accept {key} ok"),
                Button(label=Action.RETURN.label, says=f"/accept {key} no"),
            ],
            [problem_button(problem)],
        ],
        file=shown.photos[0] if shown.photos else None,
        about=[problem.household_id],
    )
    await chat.say(f"{title}已提交验收，镇里验收后告诉您。")


@dataclass(frozen=True)
class ProblemChoice(Question[str]):
    """One of the problems listed, or any other of one's own by its number; the answer is what `own_problem` takes."""

    options: Sequence[Option]
    short = "哪个问题"

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(f"{self.prompt}别的问题请发编号，如：17号", in_rows(list(self.options), 1))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.pick is not None and any(said.pick == key for key, _ in self.options):
            return Answer(said.pick)
        text = needs_text(said, "17号")
        number = text.removesuffix("号")
        if number.isdecimal():
            problem = await own_problem(chat, number)
            if problem is None:
                raise Unreadable(f"没有 {number[:9]} 号，或者不由您办理。请点选，或发别的编号，例如：17号")
            return Answer(to_base36(problem.id))
        return Answer(read_choice(text, self.options))

    def restore(self, raw: Any) -> str:
        return str(raw)

    def in_words(self, raw: Any) -> str:
        return dict(self.options).get(raw, "按编号选的问题")


class ProgressAnswer(Evidence):
    """How far it is, whether to ask for acceptance, and what was still sent along."""

    percent: int
    submit: bool


class ProgressQuestion(Question[ProgressAnswer]):
    """A percentage by button or typed; photos may still come before it. At 100 the work can be submitted at once."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        quarters = [(str(percent), f"{percent}%") for percent in (25, 50, 75)]
        return Prompt(self.prompt, [quarters, [(FINISHED, "100%，提交验收")], [("100", "100%，先不提交")]])

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        given = add_evidence(said, partial)
        if given is not None and not said.text:
            return More(given, said.trouble or f"收到{evidence_note(given)}。{self.prompt}")
        finished = said.pick in (FINISHED, DONE)
        if finished or said.pick in ("25", "50", "75", "100"):
            percent = MOST_PERCENT if finished else int(said.pick or 0)
        else:
            percent = int(read_number(needs_text(said, "50%"), 0, MOST_PERCENT, "%"))
            finished = percent == MOST_PERCENT
        return Answer({**(given or partial or {}), "percent": percent, "submit": finished})

    def restore(self, raw: Any) -> ProgressAnswer:
        return restore_record(ProgressAnswer, raw)

    def in_words(self, raw: Any) -> str:
        return f"{raw['percent']}%{'，提交验收' if raw['submit'] else ''}{evidence_note(raw)}"
