"""On which day each daily job was last done, so that a computer that is off at its hour catches up."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import metadata
from storage.database.bulk import insert_into

daily_runs = sa.Table(
    "daily_runs", metadata, sa.Column("job", sa.String(40), primary_key=True), sa.Column("day", sa.Date, nullable=False)
)


async def last_runs(conn: AsyncConnection) -> dict[str, date]:
    """The day on which each job was last done, in Shanghai."""
    return {row.job: row.day for row in await conn.execute(sa.select(daily_runs))}


async def claim_run(conn: AsyncConnection, job: str, day: date) -> bool:
    """Note that the job is done on this day; False where it was noted before, by whomever.

    Of two who claim at once the second waits for the first to commit.
    """
    first = insert_into(conn, daily_runs).values(job=job, day=day)
    mine = first.on_conflict_do_update(index_elements=[daily_runs.c.job], set_={"day": day}, where=daily_runs.c.day < day)
    return (await conn.execute(mine)).rowcount > 0
