"""Totals kept while things change, so that nobody counts the whole town."""

TABLES = ("tallies",)
