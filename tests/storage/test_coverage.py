"""What the audit chain covers, and that it finds what was changed behind it in tables of every kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage.database import audit
from storage.database.audit import audit as log
from storage.database.audit import is_covered
from storage.database.tables import all_tables
from storage.mail.chats import chats
from storage.notices.receipts import notice_receipts
from storage.notices.sent import Audience
from storage.people.persons import Role
from storage.reminders import rows as due
from storage.reminders.rows import reminders
from storage.store import Store
from tests.support.plan import TOWN
from tests.support.town import VAULT, Town

UNCOVERED = {
    "audit": "the chain itself",
    "audit_head": "the chain itself",
    "burden_days": "counts of messages, kept sixty days; nobody's right or duty hangs on them",
    "chart_orders": "a queue, empty when a picture has been sent",
    "claim_attempts": "counts of tries, kept thirty days; without them a door is slower to slow down, and no more",
    "clock_marks": "what the clock was, of no consequence an hour later",
    "compatibility": "the version of the tables",
    "counters": "numbers given out, which the covered rows carry",
    "daily_runs": "which job was done today; a job twice has no second effect",
    "downloads": "mail on its way in: sealed to its row and address, gone once its file is there",
    "inbox": "mail: sealed to its row and address, erased after thirty days; what comes of it is covered",
    "key_checks": "proves the key by itself",
    "ledger_orders": "a queue, empty when a ledger has been sent, which is noted then",
    "looks": "rows that are only added; whoever can write here can read everything without leaving one",
    "media": "a file's name is the hash of its content, which is compared when it is read; `attachments` says whose it is",
    "mornings": "whether this morning's messages went out",
    "outbox": "mail: sealed to its row and address, erased after thirty days; receipts, reminders and cases are covered",
    "passages": "made from `policies`, and made anew from them",
    "photo_hashes": "made from the photos",
    "quiet_times": "one's own choice of when to be written to",
    "quiz_cards": "one's own learning, shown to nobody else",
    "quiz_reviews": "one's own learning, shown to others only as counts",
    "screening_lists": "a unit's own list, which it has; the clues that come of it are covered",
    "screening_rows": "a unit's own list, which it has; the clues that come of it are covered",
    "talks": "answers on their way, sealed to their chat; what is filed from them is covered",
    "tallies": "counts, which `recount` makes anew from covered rows",
    "troubles": "what is wrong with the service, found anew while it is wrong",
    "web_messages": "what a page shows, sealed to its chat, erased after thirty days",
}
"""The tables that the chain leaves out, and why that is right. A new table is covered, or has its reason here."""


def test_every_table_is_covered_or_left_out_for_a_reason() -> None:
    tables = set(all_tables().tables)
    covered = {name for name, table in all_tables().tables.items() if is_covered(table)}
    assert tables - covered == set(UNCOVERED)
    assert {"chats", "attachments", "problem_units", "reminders", "notices", "notice_receipts", "acknowledged"} <= covered


async def faults(town: Town) -> list[str]:
    async with town.database.read() as conn:
        return [fault.where for fault in await audit.verify(conn, VAULT)]


async def by_hand(town: Town, statement: sa.Executable) -> None:
    async with town.database.write() as conn:
        assert (await conn.execute(statement)).rowcount


async def test_a_login_given_to_somebody_by_hand_is_found_and_using_a_chat_leaves_nothing(town: Town) -> None:
    async with town.database.read() as conn:
        before = await audit.head(conn)
    await town.say("李村", "/me")
    async with town.database.read() as conn:
        assert await audit.head(conn) == before, "an ordinary message costs no audit row"
    assert await faults(town) == []
    await by_hand(town, chats.update().where(chats.c.address == "test:李村").values(last_seen=town.now + timedelta(days=1)))
    assert await faults(town) == []
    theirs = sa.select(chats.c.person_id).where(chats.c.address == "test:周镇").scalar_subquery()
    await by_hand(town, chats.update().where(chats.c.address == "test:李村").values(person_id=theirs))
    assert await faults(town) == ["chats:test:李村"]


async def test_logins_come_and_go_through_the_front_door(town: Town) -> None:
    await town.join_household("张三", 1001)
    async with town.transaction() as tx, tx.session("test", "out") as session:
        await Store(session).chats.sign_out("test:李村")
    await town.fall_silent("张三")
    assert await faults(town) == []
    async with town.database.read() as conn:
        actions = (await conn.execute(sa.select(log.c.action).where(log.c.subject == "chats:test:张三"))).scalars().all()
    assert len(actions) == 2, "bound, and fallen silent"


async def test_thousands_of_reminders_leave_an_audit_row_a_step_and_none_is_silenced_unseen(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "plan") as session:
        plan = Store(session).reminders.plan
        for number in range(1200):
            day = town.now.date()
            plan("clue", f"{number}", stage="late", due_at=town.now - timedelta(hours=1), deadline=day)
            plan("clue", f"{number}", stage="late", due_at=town.now, deadline=day)  # the same row again
    async with town.transaction() as tx:
        assert (await due.claim(tx, 1000, request="test"))[0] == 1000
    async with town.transaction() as tx, tx.session("test", "cancel") as session:
        await Store(session).reminders.cancel("clue", "1199")
    assert await faults(town) == []
    async with town.database.read() as conn:
        left = (await conn.execute(sa.select(log.c.note).where(log.c.action == "reminders.sum").order_by(log.c.seq))).scalars()
        assert list(left) == ["+1200 -0", "+1000 -1000", "+0 -1"]
    one = sa.select(sa.func.min(reminders.c.id)).where(reminders.c.state == due.PENDING).scalar_subquery()
    await by_hand(town, reminders.update().where(reminders.c.id == one).values(state=due.CLAIMED))
    assert await faults(town) == ["reminders"]


@pytest.mark.parametrize("what", ["confirmed", "gone"])
async def test_a_receipt_changed_by_hand_is_found(town: Town, what: str) -> None:
    async with town.transaction() as tx, tx.session("test", "notice") as session:
        store = Store(session)
        sent = store.notices.file(
            town.people["周镇"], Role.TOWN, region=TOWN, audience=Audience(people=(town.people["李村"],)), words="开会",
            file=None, file_name="", expects=True,
        )  # fmt: skip
        for name in ("李村", "赵村"):
            store.notice_receipts.add(sent, town.people[name], receiver_id=town.people[name], letter_id=None)
    async with town.transaction() as tx, tx.session("test", "confirm") as session:
        await Store(session).notice_receipts.confirm(sent, town.people["李村"])
    assert await faults(town) == []
    theirs = notice_receipts.c.person_id == town.people["赵村"]
    change = notice_receipts.update().values(confirmed_at=town.now) if what == "confirmed" else notice_receipts.delete()
    await by_hand(town, change.where(theirs))
    assert await faults(town) == ["notice_receipts"]


async def test_an_audited_table_is_not_written_past_the_chain(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "past") as session:
        with pytest.raises(ValueError, match="remove_all"):
            await session.change(reminders.delete())
