"""The town on one screen, and the month as a file."""

CONVERSATIONS = (
    "month",
    "overview",
)
