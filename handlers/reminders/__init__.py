"""The one message a day: what is due, the morning, snoozing, quiet hours, the list of what to do."""

CONVERSATIONS = (
    "quiet",
    "snooze",
    "todo",
)
JOBS = ("checks_job", "job", "phases_job")
