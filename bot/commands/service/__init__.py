"""The service, and ways to try it."""
