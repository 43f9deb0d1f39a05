"""Signs out the phone pages that nobody has opened for a month of nights."""

from __future__ import annotations

from handlers.engine.jobs import Daily, Job, JobName
from handlers.engine.world import World
from storage.database.daily_runs import claim_run
from storage.database.transaction import Transaction
from storage.mail.silence import pass_night

_PAGES = "web"
"""The platform whose chats lie in a browser; elsewhere the platform knows whose phone it is."""
_NIGHT = "night of silence"
"""As the daily run that counts a night once, also where the job is run again."""


async def sign_out(tx: Transaction, _: World) -> int:
    """Returns how many were signed out; whom that leaves without a phone the office sees as unreachable."""
    if not await claim_run(tx.conn, _NIGHT, tx.now.date()):
        return 0
    async with tx.session(request="job:silence") as session:
        return await pass_night(session, _PAGES)


JOB = Job(JobName("silence", "退出很久不用的手机"), Daily(3, 20), sign_out)
