"""Region codes in statements. Codes nest: the code of a county or town is the beginning of those of its villages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_DIGITS = 12
"""Of a village's code, the longest there are."""


def inside(column: sa.ColumnElement[Any], *regions: str) -> sa.ColumnElement[bool]:
    """Whether the code in `column` lies in any of `regions` (village, town or county codes). Never where there are none."""
    return sa.or_(sa.false(), *(column.between(region, region.ljust(_DIGITS, "9")) for region in regions))
