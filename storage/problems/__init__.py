"""The problem ledger and what belongs to it."""

TABLES = ("fanouts", "photo_hash", "records", "signals")
