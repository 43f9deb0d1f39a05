"""The people of the soak: cadres who report one household after another, as a person would."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.soak.founding import Desk
from tests.support.botapi import BotApi, Message

NEWS = "【新线索"
MARK = "记号"
GONE = "这个按钮已经失效"
FILED = re.compile(r"(?:已上报|收到了)，编号 (\d+)")
MOST_KINDS = 14


@dataclass
class Report:
    """What a cadre wants to report; `number` is what the bot called it in the end, None before."""

    chat: int
    household: int
    kinds: tuple[int, ...]
    detail: str
    number: int | None = None


@dataclass(frozen=True)
class Step:
    """One thing said, the button that says the same, and how its answer is recognised."""

    says: str
    hears: str
    button: str = ""


@dataclass(frozen=True)
class Delivery:
    """A message as it first appeared on a phone."""

    chat: int
    message_id: int
    text: str
    says: tuple[str, ...] = ()
    """What its buttons say."""


@dataclass(frozen=True)
class Wait:
    """How long somebody waited for an answer, in seconds of the monotonic clock; `until` is None while they still do."""

    chat: int
    since: float
    until: float | None

    def seconds(self, now: float) -> float:
        return (now if self.until is None else self.until) - self.since


def script(report: Report) -> list[Step]:
    """The six steps of a report."""
    return [
        Step("/report", "哪一户"),
        Step(str(report.household), "有什么困难"),
        Step(" ".join(map(str, report.kinds)), "请说说情况"),
        Step(report.detail, "拍照或发定位"),
        Step("跳过", report.detail, button="跳过"),
        Step("1", "已上报", button="提交"),
    ]


class Cadre:
    """Waits for the answer to each step; who gets none says nothing more. Some are in a hurry, some press buttons."""

    def __init__(self, api: BotApi, desk: Desk, chance: random.Random) -> None:
        self.chat = desk.chat
        self.letters: asyncio.Queue[Message] = asyncio.Queue()
        self.reports: list[Report] = []
        self.astray: list[str] = []
        """Answers that make no sense in a report, such as an apology."""
        self.said = 0
        self.waits: list[Wait] = []
        self.hasty = True
        """Whether they now and then say several things without waiting for the answers between."""
        self.pause = 0.0
        """Seconds of thought before each step, on average."""
        self.closing = False
        self.finished = False
        """Whether there is no household left to report."""
        self._api = api
        self._households = desk.households
        self._chance = chance
        self._presses = bool(chance.getrandbits(1))
        self._numbers: set[int] = set()
        self._newest: Message | None = None
        self._since: float | None = None

    @property
    def waiting(self) -> Wait | None:
        """What they wait for now."""
        return None if self._since is None else Wait(self.chat, self._since, None)

    async def work(self) -> None:
        """Report, until told to close or the last household is reported."""
        for household in self._households:
            if self.closing:
                return
            kinds = tuple(sorted(self._chance.sample(range(1, MOST_KINDS + 1), self._chance.randint(1, 3))))
            report = Report(self.chat, household, kinds, f"屋顶漏雨，{MARK}{self.chat}-{household}")
            self.reports.append(report)
            await self._tell(report)
        self.finished = True

    async def _tell(self, report: Report) -> None:
        for breath in self._breaths(script(report)):
            if self.pause:
                await asyncio.sleep(self._chance.uniform(0, 2 * self.pause))
            self._since = time.monotonic()
            for step in breath:
                self._say(step, alone=len(breath) == 1)
            await self._answer(breath[-1], report)
            self.waits.append(Wait(self.chat, self._since, time.monotonic()))
            self._since = None

    def _breaths(self, steps: list[Step]) -> list[list[Step]]:
        """Mostly one step at a time; now and then the first two, or all, without waiting for the answers between."""
        draw = self._chance.random() if self.hasty else 1.0
        if draw < 0.05:
            return [steps]
        if draw < 0.2:
            return [steps[:2], *([step] for step in steps[2:])]
        return [[step] for step in steps]

    def _say(self, step: Step, *, alone: bool) -> None:
        self.said += 1
        if alone and step.button and self._presses and self._newest is not None:
            self._api.press(self.chat, self._newest.message_id, step.button)
        else:
            self._api.say(self.chat, step.says)

    async def _answer(self, step: Step, report: Report) -> None:
        """Read what comes until it answers the step; what comes a second time, and news of others, is only read."""
        known = [one.hears for one in script(report)]
        while True:
            message = await self.letters.get()
            filed = FILED.search(message.text)
            if filed and int(filed[1]) in self._numbers:
                continue
            if step.hears in message.text and not message.text.startswith(NEWS):
                self._newest = message
                if filed:
                    report.number = int(filed[1])
                    self._numbers.add(report.number)
                return
            if message.text.startswith(GONE):
                self._distrust(step)
            elif not message.text.startswith(NEWS) and not any(word in message.text for word in [*known, MARK]):
                self.astray.append(message.text)

    def _distrust(self, step: Step) -> None:
        """The button belonged to a copy of an older question, sent again after a kill: words do what it did not."""
        if self._presses:
            self._presses = False
            self._say(step, alone=True)


class Load:
    """All cadres, played at the phones of one Bot API server. What others get there is not theirs to read."""

    def __init__(self, api: BotApi, desks: Sequence[Desk], seed: int) -> None:
        self.cadres = [Cadre(api, desk, random.Random(f"{seed} {desk.chat}")) for desk in desks]
        self.deliveries: list[Delivery] = []
        self._by_chat = {cadre.chat: cadre for cadre in self.cadres}
        self._tasks: dict[asyncio.Task[None], Cadre] = {}
        api.on_message = self._delivered

    @property
    def reports(self) -> list[Report]:
        return list(itertools.chain.from_iterable(cadre.reports for cadre in self.cadres))

    @property
    def waits(self) -> list[Wait]:
        """All that were and are."""
        ended = itertools.chain.from_iterable(cadre.waits for cadre in self.cadres)
        return [*ended, *(cadre.waiting for cadre in self.cadres if cadre.waiting)]

    def slow_down(self, pause: float) -> None:
        """Let everybody think before each step."""
        for cadre in self.cadres:
            cadre.pause = pause

    def begin(self) -> None:
        self._tasks = {asyncio.create_task(cadre.work()): cadre for cadre in self.cadres}

    async def finish(self, seconds: float) -> set[int]:
        """Let everybody end the report under way; returns the chats of those whose next step got no answer."""
        for cadre in self.cadres:
            cadre.closing = True
        done, waiting = await asyncio.wait(self._tasks, timeout=seconds)
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()
        return {self._tasks[task].chat for task in waiting}

    def _delivered(self, message: Message) -> None:
        cadre = self._by_chat.get(message.chat_id)
        if cadre is None:
            return
        says = tuple(button["callback_data"] for button in message.buttons())
        self.deliveries.append(Delivery(message.chat_id, message.message_id, message.text, says))
        cadre.letters.put_nowait(message)
