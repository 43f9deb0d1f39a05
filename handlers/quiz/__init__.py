"""The one-breath quiz 一口清: daily questions, recitals, exams."""

CONVERSATIONS = ("daily", "exam", "recite")
