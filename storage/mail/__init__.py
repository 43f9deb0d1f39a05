"""Messages in and out, chats and their open talks."""

TABLES = ("chats", "downloads", "inbox", "outbox", "quiet", "talks", "transcripts")
