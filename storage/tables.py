"""All tables: a module of this package that defines one is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

import sqlalchemy as sa

import storage
from storage.base import metadata


def all_tables() -> sa.MetaData:
    """The metadata with every table of the package in it."""
    for module in pkgutil.iter_modules(storage.__path__, "storage."):
        if not module.ispkg:
            importlib.import_module(module.name)
    return metadata
