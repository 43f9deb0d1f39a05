"""Photos that look alike: a 64-bit difference hash of each, found again through an index.

The hash (dHash) tells, for 8 x 8 places of a tiny grey copy, whether the picture gets darker to the right. Sent again,
made smaller or compressed anew, a photo keeps nearly all of its bits; two different photos share about half of theirs.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from PIL import Image, ImageOps

from storage.database.base import FILE, Moment, Record, id_column, metadata, new_id
from storage.database.session import Session

MOST_APART = 6
"""Bits by which two hashes may differ and still count as one photo."""

_BAND_BITS = 16
_BANDS = 4
_WIDTH, _HEIGHT = 9, 8
_MOST_PIXELS = 50_000_000
"""More than any phone's camera has; a larger picture is made to exhaust the memory."""
_LEAST_CONTRAST = 8
"""Of 255 shades of grey. A photo of a lens cap or a white wall looks like every other."""

_band = [f"band{place}" for place in range(_BANDS)]

photo_hashes = sa.Table(
    "photo_hashes",
    metadata,
    id_column(),
    sa.Column("problem_id", sa.BigInteger, sa.ForeignKey("problems.id"), nullable=False, index=True),
    sa.Column("person_id", sa.BigInteger, sa.ForeignKey("persons.id"), nullable=False, index=True),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("media.sha256"), nullable=False, info=FILE),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("hash", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Integer, nullable=False, index=True) for name in _band),
    sa.Column("same_as", sa.BigInteger, sa.ForeignKey("photo_hashes.id"), index=True),
)
"""`same_as` is the first photo before this one that looks alike."""


class Print(Record):
    """A photo's hash as it is about to be kept, and the row of the photo that it repeats."""

    sha256: str
    hash: int
    same_as: int | None = None


class PhotoHashes:
    """Keeping the hash of each photo that is shown about a problem, and finding the ones alike."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, problem_id: int, person_id: int, *, shown: Print) -> None:
        bands = dict(zip(_band, _bands(shown.hash), strict=True))
        row = {
            "id": new_id(),
            "problem_id": problem_id,
            "person_id": person_id,
            "sha256": shown.sha256,
            "at": self._session.now,
            "hash": _signed(shown.hash),
            "same_as": shown.same_as,
        }
        self._session.add(photo_hashes, row | bands)

    async def first_alike(self, value: int) -> int | None:
        """The row of the earliest photo at most MOST_APART bits away.

        Of four bands, one then differs by a bit at most, so that looking for each band and its 16 neighbours in the
        index misses none.
        """
        near = [
            sa.select(photo_hashes.c.id, photo_hashes.c.hash).where(photo_hashes.c[name].in_(list(_neighbours(band))))
            for name, band in zip(_band, _bands(value), strict=True)
        ]
        rows = await self._session.read(sa.union(*near))
        return min((row.id for row in rows if apart(_unsigned(row.hash), value) <= MOST_APART), default=None)

    async def repeated(self, since: datetime) -> list[Repeat]:
        """Photos shown since then that had been shown before, the oldest first."""
        earlier = photo_hashes.alias()
        query = (
            sa.select(
                photo_hashes.c.problem_id,
                photo_hashes.c.person_id,
                photo_hashes.c.at,
                earlier.c.problem_id.label("first_problem_id"),
                earlier.c.at.label("first_at"),
            )
            .join(earlier, earlier.c.id == photo_hashes.c.same_as)
            .where(photo_hashes.c.at >= since)
            .order_by(photo_hashes.c.id)
        )
        return self._session.records(photo_hashes, await self._session.read(query), Repeat.from_row)


class Repeat(Record):
    """A photo about one problem that had been shown before: about which, and when."""

    problem_id: int
    person_id: int
    at: datetime
    first_problem_id: int
    first_at: datetime


def dhash(content: bytes) -> int | None:
    """The hash of a picture; None for what is no picture, is too large to open safely, or has no contrast."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.draft("L", (256, 256))  # a JPEG is then decoded at a fraction of its size
            upright = ImageOps.exif_transpose(picture).convert("L")
            small = upright.resize((_WIDTH, _HEIGHT), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # all that a broken file raises
        return None
    shades = small.tobytes()
    if max(shades) - min(shades) < _LEAST_CONTRAST:
        return None
    value = 0
    for row in range(_HEIGHT):
        for left in range(row * _WIDTH, (row + 1) * _WIDTH - 1):
            value = value << 1 | (shades[left] > shades[left + 1])
    return value


def apart(one: int, other: int) -> int:
    """In how many bits two hashes differ."""
    return (one ^ other).bit_count()


def _bands(value: int) -> list[int]:
    return [value >> _BAND_BITS * place & (1 << _BAND_BITS) - 1 for place in range(_BANDS)]


def _neighbours(band: int) -> Iterator[int]:
    """The band itself and every value one bit away."""
    yield band
    yield from (band ^ 1 << bit for bit in range(_BAND_BITS))


def _signed(value: int) -> int:
    """As a signed 64-bit integer, which both databases store."""
    return value - (1 << 64) if value >> 63 else value


def _unsigned(value: int) -> int:
    return value & (1 << 64) - 1
