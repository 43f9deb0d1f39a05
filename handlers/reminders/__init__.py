"""One reminder a day to each person: what is due, snoozing, quiet hours, and the list of what to do."""

CONVERSATIONS = ("quiet", "snooze", "todo")
JOBS = ("checks_job", "job", "phases_job")
