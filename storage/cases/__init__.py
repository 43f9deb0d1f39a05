"""Clues and their course, follow-ups, and voice messages."""

TABLES = ("follow_ups", "records")
