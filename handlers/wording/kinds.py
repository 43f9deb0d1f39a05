"""How kinds of risk are said. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from storage.plan import Plan


def risk_options(plan: Plan) -> list[tuple[str, str]]:
    """All kinds of the plan, to choose from: code and label."""
    return [(kind.code, kind.label) for kind in plan.risk_kinds]


def kinds_in_words(plan: Plan, kinds: Iterable[str]) -> str:
    return "、".join(plan.risk(kind).label for kind in kinds)
