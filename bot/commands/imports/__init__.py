"""Reading lists and documents in."""
