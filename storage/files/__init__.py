"""Files people sent: kept encrypted, and what they belong to."""

TABLES = ("attachments", "media")
