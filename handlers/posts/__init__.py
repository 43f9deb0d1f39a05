"""Posts: assignment, handover and leave."""

CONVERSATIONS = ("assign", "handover", "leave")
