"""Help for an enrolled household: measures, their progress, and clearing the risk."""

CONVERSATIONS = ("clear", "plan", "progress")
