"""Notices to many, and who has confirmed them."""

CONVERSATIONS = ("confirm", "send", "status")
JOBS = ("job",)
