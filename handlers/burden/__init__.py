"""How much of people's time cunbao takes, and what went wrong in it."""

CONVERSATIONS = ("view",)
JOBS = ("faults_job", "job")
