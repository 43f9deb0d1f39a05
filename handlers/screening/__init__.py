"""Offices' lists that become clues to verify."""

CONVERSATIONS = ("hand_in", "results", "same_home")
JOBS = ("job",)
