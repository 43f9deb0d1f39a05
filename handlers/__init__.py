"""What happens: the conversation engine, and a folder for each subject."""

SUBJECTS = (
    "burden",
    "cases",
    "charts",
    "handbook",
    "health",
    "indicators",
    "inspections",
    "joining",
    "ledgers",
    "measures",
    "notices",
    "posts",
    "privacy",
    "problems",
    "quiz",
    "reconciling",
    "reminders",
    "reports",
    "screening",
    "selfchecks",
    "sentences",
    "visits",
    "watchlists",
    "weekly",
)
"""The folders that have conversations; each names their modules in its `CONVERSATIONS`."""
