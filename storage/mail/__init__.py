"""Messages in and out, chats and their open talks."""

TABLES = ("chats", "inbox", "outbox", "quiet", "talks", "transcripts")
