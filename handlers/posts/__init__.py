"""Who holds which post: assignment, handover, leave."""

CONVERSATIONS = (
    "assign",
    "handover",
    "leave",
)
