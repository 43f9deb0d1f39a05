"""Weekly reports and the work they count."""

TABLES = ("reports",)
