"""What is wrong with the service itself, told to the office in plain words."""

CONVERSATIONS = ("clock",)
JOBS = ("clock_job", "faults_job", "troubles_job")
