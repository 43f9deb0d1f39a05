"""One breath: daily questions, recitals, exams."""

CONVERSATIONS = (
    "daily",
    "exam",
    "recite",
)
