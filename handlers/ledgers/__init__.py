"""Tables that offices take home."""

CONVERSATIONS = ("export",)
JOBS = ("job",)
