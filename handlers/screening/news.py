"""What people hear of a screening list: its sender before and after the import, and the villages, one message a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.calendar.deadlines import last_day
from handlers.engine.attendance import on_duty
from handlers.engine.notify import notify
from handlers.engine.world import World
from handlers.screening.filing import origin
from handlers.wording.days import day_in_words
from storage.database.base import to_base36
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Button, Outgoing
from storage.people.persons import Role
from storage.screening.records import RowState, ScreenedRow, ScreeningList
from storage.screening.results import VerificationCounts
from storage.store import Store

_SHOWN_ERRORS = 2
GO, STOP, LIST = "go", "no", "list"
"""Behind a list's id in commands: import it, don't, send it."""

_OUTCOMES = (RowState.FILED, RowState.JOINED, RowState.KNOWN, RowState.ASK, RowState.REFUSED, RowState.UNKNOWN, RowState.WRONG)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would lead to."""

    name: str
    tally: dict[RowState, int]
    unclear: int
    first: tuple[str, ...]

    @property
    def useful(self) -> bool:
        """Whether there is anything to import, at once or after somebody has named the household."""
        return bool(self.tally.get(RowState.READY) or self.tally.get(RowState.ASK))

    @property
    def text(self) -> str:
        n = self.tally
        lines = [
            f"「{self.name}」共 {sum(n.values())} 行：",
            f"对上户 {n.get(RowState.READY, 0)}，要人认户 {n.get(RowState.ASK, 0)}，"
            f"没找到 {n.get(RowState.UNKNOWN, 0)}，有误 {n.get(RowState.WRONG, 0)}。",
            *self.first,
        ]
        if self.unclear:
            lines.append(f"有 {self.unclear} 行看不出风险类型，导入时会问您。")
        return "\n".join(lines)


async def preview(store: Store, screening: ScreeningList) -> Preview:
    """Of a list whose rows are taken down."""
    wrong = await store.screening_results.first(screening.id, [RowState.WRONG, RowState.UNKNOWN], most=_SHOWN_ERRORS)
    return Preview(
        name=screening.name,
        tally=await store.screening_results.tally(screening.id),
        unclear=0 if screening.kinds else await store.screening_results.unclear(screening.id),
        first=tuple(_told(row) for row in wrong),
    )


def _told(row: ScreenedRow) -> str:
    return f"第 {row.row_no} 行 {row.name} {row.why}"


def preview_buttons(screening: ScreeningList) -> tuple[tuple[Button, ...], ...]:
    key = to_base36(screening.id)
    yes = Button(label="导入", says=f"/screening {key} {GO}")
    return ((yes, Button(label="不导入", says=f"/screening {key} {STOP}")),)


def counted(tally: Mapping[RowState, int]) -> str:
    """The outcomes that there are: "已建线索 12，待认户 3"."""
    return "，".join(f"{state.label} {tally[state]}" for state in _OUTCOMES if tally.get(state))


def visited(visits: VerificationCounts | None) -> str:
    if visits is None:
        return "还没有线索"
    return f"属实 {visits.found}，不属实 {visits.not_found}，待核查 {visits.waiting}"


def to_decide(screening: ScreeningList) -> Button:
    return Button(label="去认户", says=f"/samehome {to_base36(screening.id)}")


async def tell(store: Store, world: World, screening: ScreeningList, person_id: int, message: Outgoing) -> None:
    """Tell somebody how a list has got on, while they are in office."""
    if world.directory.person(person_id) is not None:
        intent = Intent(Cause.SCREENING, f"{screening.id}:{screening.version}")
        await notify(store, world, messages={person_id: message}, intent=intent, personal=True)


async def tell_villages(store: Store, world: World, screening: ScreeningList) -> None:
    """One message to each cadre, however many households of theirs a list names."""
    filed = await store.screening_results.by_village(screening.id, RowState.FILED)
    asked = await store.screening_results.by_village(screening.id, RowState.ASK)
    mine: dict[int, list[str]] = defaultdict(list)
    for village in dict.fromkeys([*filed, *asked]):
        cadres = world.directory.ids(Role.VILLAGE, village)
        for person_id in on_duty(world, cadres, day=store.session.now.date()):
            mine[person_id].append(village)
    due_on = last_day(store.session.now.date(), world.plan.clocks.verify)
    for person_id, villages in mine.items():
        clues, open_rows = (sum(found.get(one, 0) for one in villages) for found in (filed, asked))
        whose = "您村" if len(villages) == 1 else f"您的 {len(villages)} 个村"
        text = f"【{origin(world, screening)}筛查名单】{whose} {clues} 户待核查，请在 {day_in_words(due_on)}前入户。"
        buttons = [Button(label="看名单", says=f"/screened {to_base36(screening.id)}")] if clues else []
        if open_rows:
            more = f"有 {open_rows} 人只按姓名对上，请您认一认是哪一户。"
            text = f"{text}\n另{more}" if clues else f"【{origin(world, screening)}筛查名单】{whose}{more}"
            buttons.append(to_decide(screening))
        await tell(store, world, screening, person_id, Outgoing(text=text, buttons=(tuple(buttons),)))
