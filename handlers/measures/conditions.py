"""The conditions for clearing a household's risk. Every refusal names its reason and what to do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from handlers.measures.needs import lacking
from storage.cases.records import Clue
from storage.measures import Measure
from storage.plan import Plan


class Condition(NamedTuple):
    """What must hold for clearing. `unmet` is said when it does not hold: the reason, and what to do."""

    code: str
    label: str
    unmet: str


CONDITIONS = (
    Condition("income", "收入稳定高于监测线", "收入还没稳定高于监测线。先落实增收、就业措施，稳定了再提。"),
    Condition("spending", "大额刚性支出已控制", "大额支出还没控制住。先落实医疗、教育救助，降下自付部分。"),
    Condition("education", "孩子都在上学", "还有孩子没上学。先请学校劝返。"),
    Condition("housing", "住房安全", "住房还不安全。先请乡建办鉴定、修缮。"),
    Condition("medical", "看病有保障", "看病还没保障。先参保，落实大病、慢病救治。"),
    Condition("water", "饮水安全", "饮水还不安全。先请水管所处理、检测水质。"),
    Condition("nothing_new", "没有新的风险", "又有新的风险。先另报一条线索，加上措施。"),
)
"""All must hold, besides finished measures and somebody able to work."""

UNABLE_TO_WORK = "整户无劳动能力：兜底保障后风险不标注消除，继续跟踪帮扶。"


def obstacles(plan: Plan, clue: Clue, *, able_to_work: bool, measures: Sequence[Measure]) -> list[str]:
    """The reasons why clearing cannot be proposed; empty if it can. A reason that no effort removes is given alone."""
    if not able_to_work:
        return [UNABLE_TO_WORK]
    reasons = [f"还没有针对「{plan.risk(kind).label}」的措施。请先加上、做完。" for kind in lacking(clue.kinds, measures)]
    reasons += [
        f"「{measure.text}」还没做完（{measure.percent}%）。做完报进展，再提请消除。"
        for measure in measures
        if not measure.done
    ]
    return reasons


def unmet(met: Collection[Condition]) -> list[str]:
    """The reasons why the risk is not cleared yet; empty if every condition holds."""
    return [condition.unmet for condition in CONDITIONS if condition not in met]
