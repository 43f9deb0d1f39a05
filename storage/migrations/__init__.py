"""Alembic's scripts: `env.py`, the template, and one file a step in `versions/`."""
