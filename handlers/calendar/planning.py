"""Plans the reminder rows of a deadline: a row for each stage, on a working morning."""

from __future__ import annotations

from datetime import date, datetime

from handlers.calendar.deadlines import TOP_LEVEL, next_open, next_overdue, stages
from handlers.calendar.workdays import workdays_between
from storage.cases.records import Clue
from storage.plan import Plan
from storage.reminders.rows import Reminder, Reminders


def plan_clue(reminders: Reminders, plan: Plan, *, clue: Clue, now: datetime) -> None:
    """Plan the reminders of the clue's present step."""
    if clue.due_on is not None:
        plan_deadline(reminders, plan, subject="clue", subject_id=str(clue.id), deadline=clue.due_on, now=now)


def plan_deadline(
    reminders: Reminders, plan: Plan, *, subject: str, subject_id: str, deadline: date, now: datetime, overdue: bool = True
) -> None:
    """Plan a row for every future stage of a deadline. `overdue` is False for what simply ends, like a phase."""
    policy, today = plan.reminders, now.date()
    # Today's overdue stage may have been spoken of before the matter was sent back, so the one after it is planned too.
    for stage in dict.fromkeys([*stages(deadline, policy, today), next_overdue(deadline, policy, today)]):
        if overdue or not is_overdue(stage.name):
            due_at = stage.due_at(policy)
            due_at = due_at if due_at >= now else next_open(now, policy)
            reminders.plan(subject, subject_id, stage=stage.name, due_at=due_at, deadline=deadline, level=stage.level)


def plan_next_overdue(reminders: Reminders, plan: Plan, *, fired: Reminder, today: date) -> None:
    """Plan the stage that follows an overdue stage once that has fired."""
    stage = next_overdue(fired.deadline, plan.reminders, today)
    reminders.plan(
        fired.subject,
        fired.subject_id,
        stage=stage.name,
        due_at=stage.due_at(plan.reminders),
        deadline=fired.deadline,
        level=stage.level,
    )


def is_overdue(stage: str) -> bool:
    return stage.startswith("overdue")


def level_on(plan: Plan, fired: Reminder, *, today: date) -> int:
    """The level of a reminder on the day it is sent; after downtime it is higher than planned."""
    late = workdays_between(fired.deadline, today) if is_overdue(fired.stage) else 0
    return max(fired.level, min(TOP_LEVEL, late // plan.reminders.climb_after))
