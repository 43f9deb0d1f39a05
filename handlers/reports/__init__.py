"""The overview of a town on one screen, and the monthly summary as a file."""

CONVERSATIONS = ("month", "overview")
