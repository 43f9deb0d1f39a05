"""Notices to many, and who has confirmed them."""

CONVERSATIONS = (
    "received",
    "send",
    "sent",
)
JOBS = ("job",)
