"""The plan that the tests live in, read once, and the codes of its places."""

from __future__ import annotations

from storage.plan import builtin_plans, load_plan

PLAN = load_plan(builtin_plans()["wafang-2022"])
BAITA, WAFANG = "220881100203", "220881100200"
TOWN, COUNTY = "220881100", "220881"
