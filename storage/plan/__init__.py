"""The campaign plan: a folder of text files, its parts as records, and how it is read and checked."""

from __future__ import annotations

from storage.plan.lexicon import Lexicon
from storage.plan.parts import (
    Area,
    BurdenLimits,
    Ceiling,
    Clock,
    Clocks,
    HouseholdType,
    Indicator,
    Item,
    Milestone,
    Phase,
    ProblemSource,
    Quantity,
    Region,
    ReminderPolicy,
    RiskKind,
    SelfCheck,
    Unit,
    Watchlist,
)
from storage.plan.plan import Plan, shift
from storage.plan.questions import (
    NumberQuestion,
    Point,
    Question,
    RecitalQuestion,
    SeveralQuestion,
    SingleQuestion,
    TrueFalseQuestion,
)
from storage.plan.reading import PlanError, builtin_plans, lacks, load_plan, write_missing, write_shifted

__all__ = [
    "Area",
    "BurdenLimits",
    "Ceiling",
    "Clock",
    "Clocks",
    "HouseholdType",
    "Indicator",
    "Item",
    "Lexicon",
    "Milestone",
    "NumberQuestion",
    "Phase",
    "Plan",
    "PlanError",
    "Point",
    "ProblemSource",
    "Quantity",
    "Question",
    "RecitalQuestion",
    "Region",
    "ReminderPolicy",
    "RiskKind",
    "SelfCheck",
    "SeveralQuestion",
    "SingleQuestion",
    "TrueFalseQuestion",
    "Unit",
    "Watchlist",
    "builtin_plans",
    "lacks",
    "load_plan",
    "shift",
    "write_missing",
    "write_shifted",
]
