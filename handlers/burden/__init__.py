"""What cunbao itself asks of people, and what has gone wrong."""

CONVERSATIONS = ("view",)
JOBS = ("faults_job", "job")
