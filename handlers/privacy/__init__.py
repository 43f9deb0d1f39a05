"""Shows people what is stored about them, and erases it at their request."""

CONVERSATIONS = ("erase", "forget", "me", "phones")
