"""A clue from report to decision, enrolment and follow-up; the procedure is one table."""

CONVERSATIONS = (
    "authorize",
    "deliberate",
    "enrol",
    "follow_up",
    "listen",
    "lists",
    "my_cases",
    "object",
    "publicize",
    "report",
    "review",
    "self_report",
    "verify",
    "view",
    "words",
)
JOBS = ("follow_up_job",)
