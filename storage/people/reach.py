"""How far somebody's posts reach."""

from __future__ import annotations

from storage.database.base import Record


class Reach(Record):
    """What somebody looks after: everything in a region, or only what names one unit there."""

    region: str
    unit: str | None = None
