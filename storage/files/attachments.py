"""Which kept files belong to what: photos and voice messages of a clue, photos of a progress entry, and so on."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from storage.database.base import AUDITED, FILE, Moment, id_column, metadata, new_id
from storage.database.session import Session
from storage.files.media import media

attachments = sa.Table(
    "attachments",
    metadata,
    id_column(),
    sa.Column("subject", sa.String(20), nullable=False),
    sa.Column("subject_id", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("media.sha256"), nullable=False, index=True, info=FILE),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_attachments_subject", "subject", "subject_id"),
    info=AUDITED,
)


class Attachments:
    """Links between things and kept files; a file can serve many things and is stored once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, subject: str, subject_id: int, *, files: Sequence[str]) -> None:
        for sha256 in files:
            self._session.add(
                attachments,
                {"id": new_id(), "subject": subject, "subject_id": subject_id, "sha256": sha256, "at": self._session.now},
            )

    async def of(self, subject: str, subject_id: int) -> list[str]:
        """The photos (sha256) of a thing; for its voice messages see `storage.cases.voices`."""
        query = (
            sa.select(attachments.c.sha256)
            .join(media, media.c.sha256 == attachments.c.sha256)
            .where(
                attachments.c.subject == subject,
                attachments.c.subject_id == subject_id,
                media.c.content_type.not_like("audio/%"),
            )
        )
        return [row.sha256 for row in await self._session.read(query.order_by(attachments.c.id))]
