"""What a step means to the household, in plain words. A household is told of every outcome and what it can do next."""

from __future__ import annotations

from typing import NamedTuple

from handlers.cases.procedure import MAY_OBJECT, Act
from storage.cases.clues import Clue, Step


class Words(NamedTuple):
    """`may_object`: the household can object from its phone."""

    text: str
    may_object: bool = False


_TEXTS = {
    Act.FOUND: "村里到您家看过了，困难属实。请您看看，点同意，村里好接着办。",
    Act.NOT_FOUND: "村里到您家看过了，这次帮不上。原因：{note}\n觉得不对，就点「我不同意」。",
    Act.OBJECT: "您说的不同意，镇里收到了，会给您回话。",
    Act.UPHOLD: "镇里看了您说的，结果不变。原因：{note}\n有新情况，再申报就行。",
    Act.OVERTURN: "镇里看了您说的，请村里再到您家看一次。",
    Act.AUTHORIZE: "您的同意收到了。接下来村里开会商量。",
    Act.DECLINE: "您没有同意查家底，这次先不往下办。想办时再申报就行。",
    Act.APPROVE: "村里开会通过了。接下来在村里贴几天，听听大家的意见。",
    Act.FAIL: "村里开会没有通过。原因：{note}\n有新情况，再申报就行。",
    Act.OPPOSE: "有人提了意见，村里要再开会商量。",
    Act.UNOPPOSED: "贴的时间到了，没有人提意见。",
    Act.RECHECK: "村里要再到您家看一次。原因：{note}",
    Act.NOMINATE: "村里已经报上去了，镇里再看一遍。",
    Act.ACCEPT: "镇里通过了，报给市里定。",
    Act.REJECT: "市里没有通过。原因：{note}\n有新情况，再申报就行。",
    Act.REGISTER: "登记好了。村里会上门和您商量怎么帮。",
    Act.AT_RISK: "村里看过了，困难还在，接着帮您。",
}
_DECIDED = {
    False: "市里定下来了：帮您家。接下来村里和您商量怎么帮。",
    True: "市里定下来了：您家的困难解决了。四周后我们再问您一次。",
}
_GOES_ON = {Act.FAIL: "村里开会看困难还在，接着帮您。", Act.REJECT: "市里看困难还在，接着帮您。"}


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
    Step.OBJECTION: "镇里在看您说的不同意",
    Step.AUTHORIZE: "等您点同意，或在纸上签字",
    Step.DELIBERATE: "等村里开会商量",
    Step.PUBLICIZE: "在村里贴出来，听大家意见",
    Step.NOMINATE: "等村里报给镇里",
    Step.TOWN_REVIEW: "镇里再看一遍",
    Step.COUNTY_DECIDE: "等市里定下来",
    Step.REGISTER: "定下来了，正在登记",
    Step.SUPPORT: "正在帮您家",
    Step.CLEAR: "村里要再来看看困难解决了没有",
    Step.CLOSED: "已办完",
}


def household_step(clue: Clue) -> str:
    """Where its case stands, as one would say it to the household."""
    return _STEPS[clue.step]
