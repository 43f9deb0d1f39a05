"""The weekly report, written by the bot from the week's work."""

CONVERSATIONS = ("my_report", "village_reports")
JOBS = ("job",)
