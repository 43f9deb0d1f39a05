"""How much of people's time cunbao takes."""

CONVERSATIONS = ("view",)
JOBS = ("job",)
