"""Offices' lists, their rows and what became of them."""

TABLES = ("records",)
