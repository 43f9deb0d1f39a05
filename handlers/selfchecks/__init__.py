"""The plan's own tasks gone through, a few a day."""

CONVERSATIONS = ("check", "progress")
