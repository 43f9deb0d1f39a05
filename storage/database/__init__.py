"""The database: connection, transactions, encryption, and the chain of changes."""

TABLES = ("audit", "clock_marks", "compatibility", "counters", "daily_runs", "key_checks", "troubles")
