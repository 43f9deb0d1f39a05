"""Inspections: the town supervises every village; the county checks a sample."""

CONVERSATIONS = ("check", "sample", "supervise")
