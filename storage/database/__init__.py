"""The database: connection, transactions, encryption, and the chain of changes."""

TABLES = ("audit", "counters")
