"""The procedure from a clue to a cleared household, as two tables: what each step is, and what each act leads to. Pure.

verify -> authorize -> deliberate -> publicize -> nominate -> town_review -> county_decide -> enrol -> support, then for
clearing the risk clear -> deliberate -> publicize -> town_review -> county_decide -> closed. Whatever depends on a step or an
act reads it here: the rules, the list of what to do, the handbook, and what a household is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from storage.cases.steps import Step
from storage.database.labels import Labelled
from storage.plan import Clock, Clocks


class Party(StrEnum):
    """What somebody is to one case: its household, village, town or county."""

    HOUSEHOLD = "household"
    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What a step is to those concerned.

    `household`: where the case stands, as one would say it to the family. `todo`: how its line begins in the list of what
    to do; empty for a step that is not listed there. `clock`: how long the step may take from the day it began; without
    one it has the time from the beginning to the decision, or none at all if `endless`. `handbook` explains the step, with
    the plan's clocks in braces; `asked` holds other words by which it is asked for.
    """

    household: str
    handbook: str
    asked: str = ""
    todo: str = ""
    clock: Callable[[Clocks], Clock] | None = None
    endless: bool = False


STEPS: dict[Step, StepFacts] = {
    Step.VERIFY: StepFacts(
        household="村里要来家里看看",
        todo="核查",
        clock=lambda clocks: clocks.verify,
        handbook="村干部到家里看困难是否属实，{verify}内办完。不属实的要说明原因，农户可以在{objection}内提异议。",
        asked="多久上门 几天入户",
    ),
    Step.OBJECTION: StepFacts(
        household="镇里在看您说的不同意",
        todo="答复异议",
        clock=lambda clocks: clocks.answer,
        handbook="农户不服结论，可以在{objection}内提异议，由镇里在{answer}内答复。",
        asked="异议 不服 申诉",
    ),
    Step.AUTHORIZE: StepFacts(
        household="等您点同意，或在纸上签字",
        todo="授权",
        handbook="农户签授权书，同意核查家里的收入和财产；没有授权就不能往下查。",
        asked="授权书 承诺书",
    ),
    Step.DELIBERATE: StepFacts(
        household="等村里开会商量",
        todo="评议",
        handbook="村里开会评议，记下到会人数、同意和不同意的票数，拍会议记录。",
        asked="评议会",
    ),
    Step.PUBLICIZE: StepFacts(
        household="在村里贴出来，听大家意见",
        todo="公示",
        handbook=(
            "评议通过后在本村张榜公示，至少{publicize}，只贴一次。公示不写身份证号、电话、银行卡和病情；有异议就重新评议。"
        ),
        asked="公示几天 张榜",
    ),
    Step.NOMINATE: StepFacts(household="等村里报给镇里", todo="提名单", handbook="公示期满没有异议，村里提出名单报镇里。"),
    Step.TOWN_REVIEW: StepFacts(
        household="镇里再看一遍", todo="复核", handbook="镇里复核村里报来的名单，有问题的退回并写明原因。"
    ),
    Step.COUNTY_DECIDE: StepFacts(
        household="等市里定下来", todo="确定", handbook="市里最后确定能不能纳入监测。从发现线索到确定，最多{decide}。"
    ),
    Step.ENROL: StepFacts(
        household="定下来了，正在登记", todo="录入系统", endless=True, handbook="确定以后录入全国系统，登记户类型和系统编号。"
    ),
    Step.SUPPORT: StepFacts(
        household="正在帮您家",
        endless=True,
        handbook="每户有帮扶责任人，缺什么补什么：单一困难用单项措施，几样困难定综合帮扶计划，每项有期限。",
        asked="帮扶计划 帮扶责任人 帮扶措施",
    ),
    Step.CLEAR: StepFacts(
        household="村里要再来看看困难解决了没有",
        clock=lambda clocks: clocks.verify,
        handbook=(
            "收入稳定、三保障和饮水都有着落，才能消除风险；要再核实、评议、公示、复核、确定。"
            "整户没有劳动能力的，兜底后暂不标注消除。"
        ),
        asked="消除风险 消除条件",
    ),
    Step.CLOSED: StepFacts(
        household="已办完",
        endless=True,
        handbook="办完以后，{ask_again}后再问农户困难是不是真解决了；没解决就重新申报。",
        asked="办完以后 回访",
    ),
}


class Act(Labelled):
    """What somebody does about a case; kept as the outcome of the step."""

    FOUND = "found", "核查属实"
    NOT_FOUND = "none", "核查不属实"
    OBJECT = "object", "提出异议"
    UPHOLD = "uphold", "维持原结论"
    OVERTURN = "overturn", "重新核查"
    AUTHORIZE = "authorize", "签授权书"
    DECLINE = "decline", "不授权"
    APPROVE = "approve", "评议通过"
    FAIL = "fail", "评议不通过"
    POST = "post", "张贴公示"
    OPPOSE = "oppose", "公示有异议"
    UNOPPOSED = "unopposed", "公示无异议"
    NOMINATE = "nominate", "提名"
    RECHECK = "recheck", "退回核查"
    ACCEPT = "accept", "复核通过"
    RETURN = "return", "退回"
    DECIDE = "decide", "确定"
    REJECT = "reject", "没有通过"
    ENROL = "register", "录入系统"
    PROPOSE = "propose", "提请消除"
    SECURE = "secure", "核查可消除"
    AT_RISK = "at_risk", "风险还在"


@dataclass(frozen=True, slots=True)
class Rule:
    """An act leads from one step to another, for some.

    `clearing` is what the case must be about: identifying a risk (False), clearing it (True), or either (None).
    `household` is what the family is told where this rule is taken, instead of the act's own words.
    """

    before: Step
    after: Step
    by: frozenset[Party]
    needs_reason: bool = False
    clearing: bool | None = None
    household: str = ""


@dataclass(frozen=True, slots=True)
class ActFacts:
    """What an act leads to, and what the household is told of it: in `{note}` the reason; empty, if nothing changes for it.

    `may_object`: an end that the household can object to; an answer of the town is the last word. `begins`: the time to a
    decision counts anew.
    """

    rules: tuple[Rule, ...]
    household: str = ""
    may_object: bool = False
    begins: bool = False

    @property
    def needs_reason(self) -> bool:
        """Whether it is ever taken with a reason."""
        return any(rule.needs_reason for rule in self.rules)


_HOUSEHOLD, _VILLAGE = frozenset({Party.HOUSEHOLD}), frozenset({Party.VILLAGE})
_TOWN, _COUNTY = frozenset({Party.TOWN}), frozenset({Party.COUNTY})
_FAMILY_OR_VILLAGE = _HOUSEHOLD | _VILLAGE

ACTS: dict[Act, ActFacts] = {
    Act.FOUND: ActFacts(
        (Rule(Step.VERIFY, Step.AUTHORIZE, _VILLAGE),), "村里到您家看过了，困难属实。请您看看，点同意，村里好接着办。"
    ),
    Act.NOT_FOUND: ActFacts(
        (Rule(Step.VERIFY, Step.CLOSED, _VILLAGE, needs_reason=True),),
        "村里到您家看过了，这次帮不上。原因：{note}\n觉得不对，就点「我不同意」。",
        may_object=True,
    ),
    Act.OBJECT: ActFacts(
        (Rule(Step.CLOSED, Step.OBJECTION, _HOUSEHOLD, needs_reason=True, clearing=False),),
        "您说的不同意，镇里收到了，会给您回话。",
    ),
    Act.UPHOLD: ActFacts(
        (Rule(Step.OBJECTION, Step.CLOSED, _TOWN, needs_reason=True),),
        "镇里看了您说的，结果不变。原因：{note}\n有新情况，再申报就行。",
    ),
    Act.OVERTURN: ActFacts(
        (Rule(Step.OBJECTION, Step.VERIFY, _TOWN, needs_reason=True),), "镇里看了您说的，请村里再到您家看一次。", begins=True
    ),
    Act.AUTHORIZE: ActFacts(
        (Rule(Step.AUTHORIZE, Step.DELIBERATE, _FAMILY_OR_VILLAGE),), "您的同意收到了。接下来村里开会商量。"
    ),
    Act.DECLINE: ActFacts(
        (Rule(Step.AUTHORIZE, Step.CLOSED, _FAMILY_OR_VILLAGE, needs_reason=True),),
        "您没有同意查家底，这次先不往下办。想办时再申报就行。",
        may_object=True,
    ),
    Act.APPROVE: ActFacts(
        (Rule(Step.DELIBERATE, Step.PUBLICIZE, _VILLAGE),), "村里开会通过了。接下来在村里贴几天，听听大家的意见。"
    ),
    Act.FAIL: ActFacts(
        (
            Rule(Step.DELIBERATE, Step.CLOSED, _VILLAGE, needs_reason=True, clearing=False),
            Rule(
                Step.DELIBERATE,
                Step.SUPPORT,
                _VILLAGE,
                needs_reason=True,
                clearing=True,
                household="村里开会看困难还在，接着帮您。",
            ),
        ),
        "村里开会没有通过。原因：{note}\n有新情况，再申报就行。",
        may_object=True,
    ),
    Act.POST: ActFacts((Rule(Step.PUBLICIZE, Step.PUBLICIZE, _VILLAGE),)),
    Act.OPPOSE: ActFacts(
        (Rule(Step.PUBLICIZE, Step.DELIBERATE, _FAMILY_OR_VILLAGE | _TOWN, needs_reason=True),),
        "有人提了意见，村里要再开会商量。",
    ),
    Act.UNOPPOSED: ActFacts(
        (
            Rule(Step.PUBLICIZE, Step.NOMINATE, _VILLAGE, clearing=False),
            Rule(Step.PUBLICIZE, Step.TOWN_REVIEW, _VILLAGE, clearing=True),
        ),
        "贴的时间到了，没有人提意见。",
    ),
    Act.NOMINATE: ActFacts((Rule(Step.NOMINATE, Step.TOWN_REVIEW, _VILLAGE),), "村里已经报上去了，镇里再看一遍。"),
    Act.RECHECK: ActFacts(
        tuple(
            Rule(step, Step.VERIFY, _VILLAGE, needs_reason=True, clearing=False)
            for step in (Step.AUTHORIZE, Step.DELIBERATE, Step.NOMINATE)
        ),
        "村里要再到您家看一次。原因：{note}",
    ),
    Act.ACCEPT: ActFacts((Rule(Step.TOWN_REVIEW, Step.COUNTY_DECIDE, _TOWN),), "镇里通过了，报给市里定。"),
    Act.RETURN: ActFacts(
        (
            Rule(Step.TOWN_REVIEW, Step.NOMINATE, _TOWN, needs_reason=True, clearing=False),
            Rule(Step.TOWN_REVIEW, Step.CLEAR, _TOWN, needs_reason=True, clearing=True),
            Rule(Step.COUNTY_DECIDE, Step.TOWN_REVIEW, _COUNTY, needs_reason=True),
        )
    ),
    Act.DECIDE: ActFacts(
        (
            Rule(Step.COUNTY_DECIDE, Step.ENROL, _COUNTY, clearing=False),
            Rule(
                Step.COUNTY_DECIDE,
                Step.CLOSED,
                _COUNTY,
                clearing=True,
                household="市里定下来了：您家的困难解决了。四周后我们再问您一次。",
            ),
        ),
        "市里定下来了：帮您家。接下来村里和您商量怎么帮。",
    ),
    Act.REJECT: ActFacts(
        (
            Rule(Step.COUNTY_DECIDE, Step.CLOSED, _COUNTY, needs_reason=True, clearing=False),
            Rule(
                Step.COUNTY_DECIDE,
                Step.SUPPORT,
                _COUNTY,
                needs_reason=True,
                clearing=True,
                household="市里看困难还在，接着帮您。",
            ),
        ),
        "市里没有通过。原因：{note}\n有新情况，再申报就行。",
        may_object=True,
    ),
    Act.ENROL: ActFacts((Rule(Step.ENROL, Step.SUPPORT, _TOWN),), "登记好了。村里会上门和您商量怎么帮。"),
    Act.PROPOSE: ActFacts((Rule(Step.SUPPORT, Step.CLEAR, _VILLAGE),), begins=True),
    Act.SECURE: ActFacts((Rule(Step.CLEAR, Step.DELIBERATE, _VILLAGE),)),
    Act.AT_RISK: ActFacts((Rule(Step.CLEAR, Step.SUPPORT, _VILLAGE, needs_reason=True),), "村里看过了，困难还在，接着帮您。"),
}


def rules_at(step: Step) -> list[Rule]:
    """Every way on from a step, in the order of the acts."""
    return [rule for facts in ACTS.values() for rule in facts.rules if rule.before is step]
