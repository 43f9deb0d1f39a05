"""Posts: assignment, handover and leave."""

CONVERSATIONS = ("assign", "colleague", "handover", "leave")
