"""Where a problem stands, and what people do about it."""

from __future__ import annotations

from storage.database.labels import Labelled


class ProblemState(Labelled):
    """Where a problem stands."""

    UNCLAIMED = "unclaimed", "待认领"
    WORKING = "working", "整改中"
    REVIEW = "review", "待验收"
    CLOSED = "closed", "已销号"


class Action(Labelled):
    """What people do about a problem."""

    CLAIM = "claim", "认领"
    PROGRESS = "progress", "报进展"
    SUBMIT = "submit", "提交验收"
    ACCEPT = "accept", "验收通过"
    RETURN = "return", "退回"
    REOPEN = "reopen", "重开"
    CHECK = "check", "抽查"
    REDATE = "redate", "改期限"


OPEN = (ProblemState.UNCLAIMED, ProblemState.WORKING, ProblemState.REVIEW)
TO_RECTIFY = (ProblemState.UNCLAIMED, ProblemState.WORKING)
