"""What can be done about one difference between two lists, and doing it: the roster is corrected where the list is right."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.questions.base import Option
from handlers.reconciling.hand_in import source_in_words
from handlers.reconciling.match import Field
from handlers.reconciling.sheet import shown
from handlers.wording.people import region_in_words
from storage.people.persons import Person, Role
from storage.plan import Plan
from storage.reconciling import NATIONAL, Difference, DifferenceKind, Owner
from storage.roster import KINDS, MONITORED

OURS, THEIRS, LOOK, BACK = "ours", "theirs", "look", "return"

_UNMONITORED = {"脱贫户": "脱贫户", "脱贫不稳定户": "脱贫户"}
"""What a household counts as until the procedure says more; any other is an ordinary one."""

_BY_PROCEDURE = "纳入、退出监测要走“村提名单、乡镇复核、县级确定”，不能在对账里改。先记着，走完程序再对。"
_ONE_BY_ONE = "人口要一个人一个人地改：请把增减的人报镇里更新名册，下次对账对上了就自动了结。先记着。"


def owned(person: Person) -> list[Owner]:
    """The posts by which somebody settles differences."""
    return [
        Owner(role=post.role, region=post.region, unit=post.unit if post.role is Role.UNIT else None)
        for post in person.posts_as(Role.VILLAGE, Role.UNIT, Role.TOWN)
    ]


def in_words(plan: Plan, one: Difference) -> str:
    """A difference in at most four lines."""
    whose = source_in_words(plan, one.source)
    title = f"{region_in_words(plan, one.village)} {one.name}"
    match one.kind:
        case DifferenceKind.FIELD:
            compared = Field(one.field)
            lines = [f"{title}：{one.field}不一致", f"名册：{shown(plan, compared, one.ours)}"]
            lines.append(f"{whose}：{shown(plan, compared, one.theirs)}")
        case DifferenceKind.NOT_LISTED:
            lines = [f"{title}：{whose}的名单里没有", f"名册：{one.ours}"]
        case DifferenceKind.NOT_OURS:
            told = [
                f"{field}{shown(plan, Field(field), one.told[field])}"
                for field in (Field.ID_NUMBER, Field.KIND, Field.PHONE)
                if field in one.told
            ]
            lines = [f"{title}：名册里没有，{whose}的名单里有", "，".join(told)]
        case DifferenceKind.UNCLEAR:
            lines = [f"{title}：分不清是哪一户", one.theirs]
    if one.returned:
        lines[0] = f"（又出现）{lines[0]}"
    if one.note:
        lines.append(f"备注：{one.note}")
    return "\n".join(line for line in lines if line)


def ways(one: Difference) -> list[Option]:
    """What its owner can do about it. A unit answers for its list only; the roster is the villages' and the town's."""
    if one.owner.role is Role.UNIT:
        mended = (OURS, "名单的错，去改")
        return [mended] if one.kind is DifferenceKind.UNCLEAR else [mended, (BACK, "名单没错，退回村里")]
    match one.kind:
        case DifferenceKind.NOT_LISTED:
            return [(OURS, "名单漏了"), (THEIRS, "不该在名单里"), (LOOK, "要入户看")]
        case DifferenceKind.NOT_OURS:
            return [(OURS, "名单错了"), (THEIRS, "名册漏了，补上"), (LOOK, "要入户看")]
        case DifferenceKind.UNCLEAR:
            return [(OURS, "让对方补身份证号"), (LOOK, "要入户看")]
    return [(OURS, "我们的对"), (THEIRS, "对方的对"), (LOOK, "要入户看")]


def right_kinds(one: Difference, kind: str) -> list[Option]:
    """What else a household that need not be on a list can be, when it is of `kind` now."""
    return [(other, other) for other in KINDS if other != kind and not _monitoring(one, kind, other)]


def refusal(one: Difference) -> str:
    """Why the list cannot be taken as right here, though it may be; empty when it can."""
    if one.kind is DifferenceKind.NOT_LISTED and one.member_id:
        return _ONE_BY_ONE
    if one.kind is DifferenceKind.NOT_LISTED and one.owner.role is Role.TOWN:
        return _BY_PROCEDURE
    if one.field == Field.KIND and _monitoring(one, one.ours, one.theirs):
        return _BY_PROCEDURE
    return _ONE_BY_ONE if one.field == Field.SIZE else ""


def _monitoring(one: Difference, before: str, after: str) -> bool:
    """Whether a change of type would begin or end monitoring outside the procedure. What the national system says has
    been through it."""
    if one.source == NATIONAL and one.owner.role is Role.TOWN and one.kind is DifferenceKind.FIELD:
        return False
    return before in MONITORED or after in MONITORED


async def correct_field(chat: Chat, one: Difference) -> str:
    """Put the list's value on the roster; returns why it could not be, or nothing."""
    households, value = chat.store.households, one.theirs
    match Field(one.field):
        case Field.VILLAGE | Field.KIND as which if one.household_id:
            await households.correct(one.household_id, **{"village" if which is Field.VILLAGE else "kind": value})
        case Field.HELPER if one.household_id:
            named = [
                official.person.id
                for official in chat.world.directory.officials
                if official.person.name == value and official.person.covers(one.village)
            ]
            if len(named) != 1:
                return f"「{value[:20]}」还没加入或有重名，请镇里先发邀请，加入后再核。先记着。"
            await households.entrust(one.household_id, named[0])
        case Field.NAME | Field.ID_NUMBER | Field.PHONE as which if one.member_id:
            column = {Field.NAME: "name", Field.ID_NUMBER: "id_number", Field.PHONE: "phone"}[which]
            await households.correct_member(one.member_id, **{column: value})
        case _:
            return "名册里这一户没有登记家庭成员，请镇里先导入成员。先记着。"
    return ""


async def put_on_roster(chat: Chat, one: Difference, household_id: int | None) -> None:
    """Add somebody whom only the list has: to a household, or as the head of a new one."""
    told, households = one.told, chat.store.households
    relation = told.get("与户主关系", "")
    if household_id is None:
        beyond = max((home.number for home in chat.world.roster.by_id.values()), default=0)
        kind = _UNMONITORED.get(told.get(Field.KIND, ""), KINDS[0])
        home = await households.add(one.village, one.name, kind=kind, number=None, beyond=beyond)
        household_id, relation = home.id, "户主"
    id_number, phone = told.get(Field.ID_NUMBER), told.get(Field.PHONE)
    households.add_member(household_id, one.name, relation=relation, id_number=id_number, phone=phone)
