"""People, their posts and their days of leave."""

TABLES = ("assignments", "leaves", "persons")
