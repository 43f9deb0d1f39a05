"""A town's policy documents and the index of their passages."""

TABLES = ("policies",)
