"""What is said outside any talk, and what it means."""

CONVERSATIONS = (
    "help",
    "tell",
)
