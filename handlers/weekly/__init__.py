"""The weekly report that writes itself."""

CONVERSATIONS = (
    "my_report",
    "village_reports",
)
JOBS = ("job",)
