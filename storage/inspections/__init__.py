"""Supervisions and the county's samples."""

TABLES = ("samples", "supervisions")
