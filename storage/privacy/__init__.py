"""What is stored about people, what becomes of it when they ask to be forgotten, and requests for that."""

TABLES = ("erasures",)
