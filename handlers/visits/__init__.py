"""The second-round sweep: every household of the roster visited once."""

CONVERSATIONS = ("coverage", "sweep")
