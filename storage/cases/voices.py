"""Voice messages of cases: kept like photos, and erased on their speaker's request or when they were never filed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cases.records import clue_events, clues, joined_reports
from storage.database.base import Record
from storage.database.session import Session
from storage.files.attachments import attachments
from storage.files.media import ERASED, media
from storage.mail.transcripts import web_messages

_IS_VOICE = media.c.content_type.like("audio/%")
_FILED = sa.exists().where(attachments.c.sha256 == media.c.sha256)


class VoiceMessage(Record):
    """A voice message of a case: who sent it, and when."""

    sha256: str
    person_id: int
    at: datetime


class Voices:
    """The voice messages of cases."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def about(self, clue_id: int) -> list[VoiceMessage]:
        """All that was said about a clue, in order: with the report, by who joined in, and at its steps."""
        found: list[VoiceMessage] = []
        for subject, table, author, chosen in (
            ("clue", clues, clues.c.reporter_id, clues.c.id),
            ("joined_report", joined_reports, joined_reports.c.person_id, joined_reports.c.clue_id),
            ("clue_event", clue_events, clue_events.c.person_id, clue_events.c.clue_id),
        ):
            query = (
                sa.select(attachments.c.sha256, author.label("person_id"), attachments.c.at, attachments.c.id)
                .join(media, media.c.sha256 == attachments.c.sha256)
                .join(table, table.c.id == attachments.c.subject_id)
                .where(attachments.c.subject == subject, chosen == clue_id, _IS_VOICE)
            )
            found += self._session.records(attachments, await self._session.read(query), VoiceMessage.from_row)
        return sorted(found, key=lambda voice: voice.at)

    async def erase_of(self, people: Sequence[int], addresses: Sequence[str]) -> None:
        """Erase somebody's voice messages from all cases and from their chats at `addresses`; the next purge deletes the
        files. `people` are their ids."""
        session = self._session
        said: set[str] = set()
        for subject, owned in (
            ("clue", sa.select(clues.c.id).where(clues.c.reporter_id.in_(people))),
            ("joined_report", sa.select(joined_reports.c.id).where(joined_reports.c.person_id.in_(people))),
            ("clue_event", sa.select(clue_events.c.id).where(clue_events.c.person_id.in_(people))),
        ):
            query = (
                sa.select(attachments.c.sha256)
                .join(media, media.c.sha256 == attachments.c.sha256)
                .where(attachments.c.subject == subject, attachments.c.subject_id.in_(owned), _IS_VOICE)
            )
            said |= {row.sha256 for row in await session.read(query)}
        sent = (
            sa.select(web_messages.c.file)
            .join(media, media.c.sha256 == web_messages.c.file)
            .where(web_messages.c.address.in_(addresses), web_messages.c.mine, _IS_VOICE)
        )
        said |= {row.file for row in await session.read(sent)}
        if said:
            await session.remove_all(attachments, attachments.c.sha256.in_(said))
            await session.change(media.update().where(media.c.sha256.in_(said)).values(content_type=ERASED))


async def erased(conn: AsyncConnection) -> list[str]:
    """The files (sha256) of voice messages that were erased."""
    return list((await conn.execute(sa.select(media.c.sha256).where(media.c.content_type == ERASED, ~_FILED))).scalars())


async def forget(conn: AsyncConnection, names: list[str]) -> None:
    """Drop the rows of files that have been removed."""
    for start in range(0, len(names), 500):
        await conn.execute(media.delete().where(media.c.sha256.in_(names[start : start + 500])))
