"""What a message that nobody asked for is about: its intent, and the kind of news that it is."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database.labels import Labelled


class Cause(Labelled):
    """A kind of news. The value begins the keys of stored messages; the label is its name in the burden account 负担账本."""

    REMIND = "remind", "早上一条"
    WEEKLY = "weekly", "周报"
    SIGNALS = "signals", "疑点提问"
    BURDEN = "burden", "负担提醒"
    FAULTS = "faults", "系统提醒"
    TROUBLE = "trouble", "系统提醒"
    CALENDAR = "calendar", "系统提醒"

    CLUE = "clue", "监测帮扶"
    TURN = "turn", "监测帮扶"
    CASE = "case", "办理进展"
    SOLVED = "solved", "办结回访"
    UNSOLVED = "unsolved", "办结回访"
    MEASURE = "measure", "帮扶措施"
    RESPONSIBLE = "responsible", "帮扶措施"
    SUPPORTED = "supported", "帮扶措施"
    SCREENING = "screening", "筛查名单"

    PROBLEM = "problem", "问题整改"
    IMPORT = "import", "问题台账"
    FANOUT = "fanout", "举一反三"
    FOUND = "found", "举一反三"
    FANNED = "fanned", "举一反三"
    SELFCHECK = "selfcheck", "自查"
    SAMPLE = "sample", "抽查"
    RECONCILE = "reconcile", "对账差异"
    INDICATOR = "indicator", "指标减少"
    INDICATORS = "indicators", "指标减少"

    NOTICE = "broadcast", "通知"
    NOTICE_OUT = "broadcast-out", "通知"
    ASSIGNED = "assigned", "指派"
    TAKEN = "taken", "指派"
    HANDOVER = "handover", "交接"
    HANDOVER_REFUSED = "handover refused", "交接"
    HANDOVER_DONE = "handover done", "交接"
    HANDED_OVER = "handed over", "交接"
    TAKEN_OVER = "taken over", "交接"
    POST_ENDED = "post ended", "交接"
    LEAVE = "leave", "请假"
    DEPUTY = "deputy", "请假"
    BACK = "back", "请假"
    ADMIT = "admit", "加入"
    ADMIT_REFUSED = "admit refused", "加入"
    JOINED = "joined", "加入"
    STOPPED = "stopped", "加入"
    SETTLED = "settled", "加入"
    CONFIRMED = "confirmed", "加入"
    DISOWNED = "disowned", "加入"
    ERASURE = "erasure", "删除信息"
    ERASED = "erased", "删除信息"
    KEPT = "kept", "删除信息"


@dataclass(frozen=True, slots=True)
class Intent:
    """What one piece of news is about. It reaches a person once.

    `key` tells it from other news of its cause, as "17:3" does; `repeat` from news of the same key told before.
    """

    cause: Cause
    key: str = ""
    repeat: str = ""

    def to(self, person_id: int) -> str:
        """The key of the message that brings it to a person, such as "turn:17:3:5"."""
        return ":".join(filter(None, (self.cause.value, self.key, f"{person_id}", self.repeat)))


def cause_in(key: str) -> str:
    """The value of the cause that a message's key begins with: "turn" of "turn:17:3:5"."""
    return key.partition(":")[0]
