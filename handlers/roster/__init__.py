"""Households and their people, coming in as a table."""
