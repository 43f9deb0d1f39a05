"""The problem ledger and what belongs to it."""

TABLES = (
    "fanouts",
    "ledger",
    "photo_hash",
    "signals",
)
