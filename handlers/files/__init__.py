"""Spreadsheets, Word files and media, and work in a process of its own."""
