"""The weekly report that writes itself."""

CONVERSATIONS = (
    "all",
    "mine",
)
JOBS = ("job",)
