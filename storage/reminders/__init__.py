"""Reminders as rows, and the mornings that were sent."""

TABLES = ("mornings", "rows")
