"""What a step means to the household, in plain words. A household is told of every outcome and what it can do next."""

from __future__ import annotations

from typing import NamedTuple

from handlers.rules.procedure import MAY_OBJECT, Act
from storage.clues import Clue, Step


class Words(NamedTuple):
    """`may_object`: the household can object from its phone."""

    text: str
    may_object: bool = False


_TEXTS = {
    Act.FOUND: "村里到家看过了，情况属实。接下来请您签授权书，村里开会评议。",
    Act.NOT_FOUND: "村里到家看过了，这次不纳入帮扶。原因：{note}",
    Act.OBJECT: "您的异议已交给镇里，镇里会答复您。",
    Act.UPHOLD: "镇里看了您的异议，维持原来的结论。原因：{note}",
    Act.OVERTURN: "镇里看了您的异议，请村里再到家核查一次。",
    Act.AUTHORIZE: "授权书收到了。接下来村里开会评议。",
    Act.DECLINE: "您没有授权，这次先不往下办。想办时再申报就行。",
    Act.APPROVE: "村民评议通过，接下来在村里公示。",
    Act.FAIL: "村民评议没有通过。原因：{note}",
    Act.OPPOSE: "公示期间有人提出异议，村里要重新评议。",
    Act.UNOPPOSED: "公示期满，没有异议。",
    Act.RECHECK: "村里要再到家核查一次。原因：{note}",
    Act.NOMINATE: "村里已报到镇里复核。",
    Act.ACCEPT: "镇里复核通过，已报市里确定。",
    Act.REJECT: "市里没有确定。原因：{note}",
    Act.REGISTER: "已登记为监测对象，村里会和您商量怎么帮。",
    Act.AT_RISK: "村里看过了，困难还在，帮扶继续。",
}
_DECIDED = {False: "市里已确定，您家纳入监测帮扶。", True: "市里已确定：风险消除。四周后我们会再问您一次。"}
_GOES_ON = {Act.FAIL: "这次没有通过消除评议，帮扶继续。", Act.REJECT: "市里认为还不能消除，帮扶继续。"}


def for_household(act: Act, clue: Clue, note: str) -> Words | None:
    """What to tell the household of `act`, which led to where `clue` stands; None for what changes nothing for it."""
    if act is Act.DECIDE:
        return Words(_DECIDED[clue.step is Step.CLOSED])
    if clue.step is Step.SUPPORT and act in _GOES_ON:
        return Words(_GOES_ON[act])
    text = _TEXTS.get(act)
    return Words(text.format(note=note), act in MAY_OBJECT) if text else None


_STEPS = {
    Step.VERIFY: "村里要来家里看看",
    Step.OBJECTION: "镇里在看您的异议",
    Step.AUTHORIZE: "等您签授权书",
    Step.DELIBERATE: "等村里开会评议",
    Step.PUBLICIZE: "在村里公示",
    Step.NOMINATE: "等村里上报",
    Step.TOWN_REVIEW: "镇里在复核",
    Step.COUNTY_DECIDE: "等市里确定",
    Step.REGISTER: "已确定，正在登记",
    Step.SUPPORT: "正在帮扶",
    Step.CLEAR: "村里要再来看看困难解决了没有",
    Step.CLOSED: "已办完",
}


def household_step(clue: Clue) -> str:
    """Where its case stands, as one would say it to the household."""
    return _STEPS[clue.step]
