"""Notices, their addressees and who has confirmed."""

TABLES = ("receipts", "sent")
