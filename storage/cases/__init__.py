"""Clues and their course, follow-ups, and voice messages."""

TABLES = (
    "clues",
    "follow_ups",
)
