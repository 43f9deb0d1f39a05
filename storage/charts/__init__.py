"""Charts that were asked for, and what only they count."""

TABLES = ("orders",)
