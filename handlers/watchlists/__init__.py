"""People who are checked every so many days."""

CONVERSATIONS = ("check", "hand_in", "overview")
