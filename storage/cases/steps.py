"""The steps of a case. What each of them asks for is in the table of the procedure, `handlers/cases/table.py`."""

from __future__ import annotations

from storage.database.labels import Labelled


class Step(Labelled):
    """Where a case stands. ENROL is stored as "register", its name before."""

    VERIFY = "verify", "入户核查"
    OBJECTION = "objection", "答复异议"
    AUTHORIZE = "authorize", "农户授权"
    DELIBERATE = "deliberate", "民主评议"
    PUBLICIZE = "publicize", "村内公示"
    NOMINATE = "nominate", "村提名单"
    TOWN_REVIEW = "town_review", "乡镇复核"
    COUNTY_DECIDE = "county_decide", "县级确定"
    ENROL = "register", "系统管理"
    SUPPORT = "support", "帮扶"
    CLEAR = "clear", "风险消除"
    CLOSED = "closed", "已办结"
