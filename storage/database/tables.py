"""All tables: those of the subjects that `storage` lists."""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa

import storage
from storage.database.base import metadata


def all_tables() -> sa.MetaData:
    """The metadata with the tables of every subject in it."""
    for subject in storage.SUBJECTS:
        package = import_module(f"storage.{subject}")
        for name in getattr(package, "TABLES", ()):
            import_module(f"storage.{subject}.{name}")
    return metadata
