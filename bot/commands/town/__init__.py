"""The plan of a town, and who gets in."""
