"""A town that has worked in a wrong year is served in the right one, and what is meant to lie ahead stays there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from bot.platforms.base import Busy
from bot.service.clock import system_clock
from handlers.burden import job as burden
from handlers.weekly import job as weekly
from handlers.weekly.text import last_workday, monday_of
from storage import futures
from storage.database.base import SHANGHAI, Moment, first_id_of, new_id
from storage.database.daily_runs import claim_run, last_runs
from storage.database.tables import all_tables
from storage.database.troubles import begin_trouble, end_trouble, mark_told, open_troubles
from storage.mail import inbox, outbox
from storage.mail.messages import PUSH, Incoming, Outgoing
from storage.quiz import Card, Memory
from storage.reminders.rows import reminders
from storage.store import Store
from tests.support.mornings import morning, reminded, without_questions
from tests.support.plan import BAITA
from tests.support.problems import add
from tests.support.town import START, VAULT, Town

OPENS = time(7, 30)
FUTURE = START + timedelta(days=366)
"""A working Friday a year later."""


@pytest.fixture(autouse=True)
async def _ids(town: Town) -> AsyncIterator[None]:
    """Row ids are of the town's time, as they are of the service's."""
    new_id.follow(town.clock)
    yield
    new_id.follow(system_clock)


async def mend(town: Town) -> int:
    async with town.transaction() as tx:
        return await futures.mend(tx)


async def post(town: Town, name: str, text: str, **more: object) -> None:
    async with town.transaction() as tx, tx.session("test", "test") as session:
        outbox.post(session, f"test:{name}", Outgoing(text=text), **more)  # type: ignore[arg-type]


async def test_where_nothing_was_written_in_a_future_nothing_is_mended(town: Town) -> None:
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 21))
    await morning(town, date(2022, 10, 12), time(10))
    await town.say("李村", "/leave")
    await post(town, "李村", "明早", priority=PUSH, not_before=town.now + timedelta(hours=20))
    await post(town, "赵村", "节后", priority=PUSH, not_before=town.now + timedelta(days=9))
    assert await mend(town) == 0
    await town.settle()
    assert "节后" not in town.unread("赵村")
    town.now += timedelta(days=9)
    await town.settle()
    assert town.unread("赵村") == ["节后"]


async def test_reminders_go_on_after_a_morning_a_year_ahead(town: Town) -> None:
    without_questions(town)
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 17))
    await morning(town, date(2022, 10, 12))
    reminded(town, "李村")
    await morning(town, FUTURE.date(), time(9))
    assert "屋顶漏雨" in reminded(town, "李村")[0]
    town.now = datetime.combine(date(2022, 10, 12), time(12), SHANGHAI)
    assert await mend(town) > 0
    said = {}
    for day in (13, 14, 17, 18, 19):
        await morning(town, date(2022, 10, day))
        said[day] = "屋顶漏雨" in "".join(reminded(town, "李村"))
    assert said == {13: False, 14: True, 17: True, 18: False, 19: True}
    assert await mend(town) == 0


async def test_what_was_put_off_there_comes_the_next_morning_here(town: Town) -> None:
    without_questions(town)
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 17))
    await morning(town, FUTURE.date(), time(9))
    await _snooze_all(town)
    town.now = START + timedelta(hours=3)
    await mend(town)
    await mend(town)
    async with town.database.read() as conn:
        ahead = sa.select(reminders.c.due_at).where(reminders.c.state == "pending", reminders.c.stage == "again")
        due = (await conn.execute(ahead)).scalars().all()
    assert due
    assert all(timedelta() < at - town.now < timedelta(days=4) for at in due)


async def _snooze_all(town: Town) -> None:
    for button in (button for message in town.inboxes["李村"] for row in message.buttons for button in row):
        if button.says.startswith("/snooze"):
            await town.press_data("李村", button.says)


@pytest.mark.parametrize("future", [FUTURE, START + timedelta(hours=1)], ids=["a year", "an hour"])
async def test_mail_held_there_goes_out_here(future: datetime, town: Town) -> None:
    await post(town, "李村", "早就写好的")
    town.platform.fails.append(Busy("wait", 30))
    town.now = future
    await town.settle()
    await post(town, "赵村", "明早再说", priority=PUSH, not_before=future + timedelta(hours=22))
    await post(town, "孙村", "马上说", priority=PUSH)
    town.now = START + timedelta(minutes=1)
    assert await mend(town) > 0
    assert await mend(town) == 0
    await town.settle()
    assert town.unread("李村") == ["早就写好的"]
    assert town.unread("孙村") == ["马上说"]
    assert town.unread("赵村") == []
    town.now += timedelta(hours=23)
    await town.settle()
    assert town.unread("赵村") == ["明早再说"]


@pytest.mark.parametrize("future", [FUTURE, START + timedelta(hours=1)], ids=["a year", "an hour"])
async def test_a_chat_held_back_there_is_served_here(future: datetime, town: Town) -> None:
    town.now = future
    await town.intake.put([Incoming(address="test:李村", key="test:odd", at=future, text="/help")])
    async with town.transaction() as tx:
        claimed, _ = await inbox.claim(tx.conn, tx.vault, ["test"], tx.now, 1, tx.damage)
        await inbox.mark_failed(tx.conn, claimed["test:李村"][0], "odd", dead=False, now=tx.now)
    town.now = START
    assert await town.worker.work() == 0
    await mend(town)
    assert await town.worker.work() == 1


async def test_what_is_told_on_a_day_is_told_when_that_day_comes(town: Town) -> None:
    """The morning, the weekly report, the burden account: a year later each is there again."""
    without_questions(town)
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 17))
    friday = last_workday(monday_of(FUTURE.date()))
    assert friday
    await morning(town, friday)
    assert reminded(town, "李村")
    town.now = datetime.combine(friday, time(15), SHANGHAI)
    assert await _weekly(town)
    await burden.count(town.transactions, town.world)
    town.now = START
    await mend(town)
    assert await burden.count(town.transactions, town.world) >= 0
    await morning(town, friday)
    assert reminded(town, "李村")
    town.now = datetime.combine(friday, time(15), SHANGHAI)
    assert await _weekly(town)


async def _weekly(town: Town) -> int:
    async with town.transaction() as tx:
        return await weekly.tell(tx, town.world)


async def test_days_that_are_done_with_are_those_that_were(town: Town) -> None:
    async with town.transaction() as tx:
        assert await claim_run(tx.conn, "purge", START.date() - timedelta(days=1))
        assert await claim_run(tx.conn, "signals", FUTURE.date())
    await mend(town)
    async with town.database.read() as conn:
        assert await last_runs(conn) == {"purge": START.date() - timedelta(days=1)}


async def test_quiet_for_a_day_that_has_not_come_is_no_quiet(town: Town) -> None:
    town.now = FUTURE
    for name, how in (("李村", "今天别再发"), ("赵村", "平时只收早上一条")):
        await town.say(name, "/quiet")
        await town.press(name, how)
    town.now = START
    await mend(town)
    for name in ("李村", "赵村"):
        town.unread(name)
        await post(town, name, "有新情况", priority=PUSH, not_before=town.now + timedelta(minutes=1))
    town.now += timedelta(minutes=2)
    await town.settle()
    assert town.unread("李村") == ["有新情况"]
    assert town.unread("赵村") == [], "who wants mornings only still does"


async def test_the_days_questions_are_asked_again(town: Town) -> None:
    known = next(iter(town.world.plan.questions)).id
    async with town.transaction() as tx, tx.session("test", "test") as session:
        memory = Memory(stability=9, difficulty=5, reviewed_at=FUTURE, due_on=FUTURE.date() + timedelta(days=9))
        await Store(session).quiz.learn(
            town.people["李村"], Card(question=known, digest="-", memory=memory), clause="1", rating=3, daily=True
        )
    async with town.transaction() as tx:
        tables = all_tables().tables
        await tx.conn.execute(tables["quiz_reviews"].update().values(at=FUTURE))
        await futures.mend(tx)
        async with tx.session() as session:
            store = Store(session)
            midnight = START.replace(hour=0)
            assert await store.quiz.answered_since(town.people["李村"], midnight) == 0
            card = await store.quiz.card(town.people["李村"], known)
    assert card
    assert card.memory.due_on == START.date()


async def test_a_trouble_told_there_is_told_again_here(town: Town) -> None:
    async with town.transaction() as tx:
        await begin_trouble(tx.conn, "disk", "磁盘快满了。", FUTURE)
        await mark_told(tx.conn, ["disk"], FUTURE)
        await end_trouble(tx.conn, "disk", FUTURE)
    await mend(town)
    town.now += timedelta(days=2)
    async with town.transaction() as tx:
        await begin_trouble(tx.conn, "disk", "磁盘快满了。", town.now)
        assert [one.told_at for one in await open_troubles(tx.conn)] == [None]


async def test_somebody_on_a_watch_list_is_looked_after_in_time(town: Town) -> None:
    watched = all_tables().tables["watch_entries"]
    async with town.transaction() as tx, tx.session("test", "test") as session:
        session.add(
            watched,
            {
                "id": new_id(), "plan": town.world.plan.id, "list": "x", "village": BAITA, "origin": "", "who": "w",
                "household_id": (await town.household(1001)).id, "name": VAULT.seal_text("张三"), "note": VAULT.seal_text(""),
                "found": 0, "version": 0,
                "next_on": FUTURE.date() + timedelta(days=30), "checked_on": FUTURE.date(), "on_time": True,
            },
        )  # fmt: skip
    assert await mend(town) == 1
    async with town.database.read() as conn:
        row = (await conn.execute(sa.select(watched.c.checked_on, watched.c.next_on))).one()
    assert row == (START.date(), START.date() + timedelta(days=30))


def test_a_row_id_says_when_it_was_made(town: Town) -> None:
    assert first_id_of(START) <= new_id() < first_id_of(START + timedelta(milliseconds=1))
    town.now = FUTURE
    assert new_id() >= first_id_of(FUTURE)
    town.now = START
    assert new_id() < first_id_of(START + timedelta(seconds=1)), "one tick a year ahead is no year ahead"


MENDED = {
    "burden_days": {"day"}, "chats": {"held_until", "last_seen", "used_at"}, "claim_attempts": {"at"}, "daily_runs": {"day"},
    "mornings": {"at", "day"}, "notices": {"repeated_at"}, "outbox": {"not_before"}, "quiet_times": {"holds_since", "off_on"},
    "quiz_cards": {"due_on", "reviewed_at"}, "quiz_reviews": {"at"}, "reminders": {"due_at"}, "troubles": {"told_at"},
    "watch_entries": {"checked_on", "next_on"}, "weekly_reports": {"week"},
}  # fmt: skip

SILENCES_NOBODY = {
    "when it happened, which nothing waits for": {
        "admissions", "arrivals", "attachments", "audit", "chart_orders", "chats", "clue_events", "consents",
        "differences", "downloads", "erasures", "fanout_tasks", "follow_ups", "handovers", "inbox", "indicator_values",
        "joined_reports", "ledger_orders", "looks", "measure_entries", "media", "notice_receipts", "notices", "outbox",
        "persons", "photo_hashes", "policies", "posts", "problem_entries", "problem_signals", "reconciliations",
        "sample_checks", "samples", "screening_lists", "selfchecks", "supports", "talks", "troubles", "visits",
        "watch_entries", "web_messages", "weekly_reports",
    },
    "only looked at up to now": {"assignments", "door_codes", "supervisions"},
    "what somebody has set, which a person can change": {"clues", "fanouts", "invites", "leaves", "measures", "problems"},
    "a part of what it is about": {"acknowledged", "reminders"},
    "the time itself": {"clock_marks"},
}  # fmt: skip
"""By table, and why. Whoever adds a moment decides: does anybody wait for it, or is anybody left out because of it?"""


def test_every_moment_is_mended_or_silences_nobody() -> None:
    excused = set().union(*SILENCES_NOBODY.values())
    moments = {
        table.name: {column.name for column in table.c if isinstance(column.type, Moment | sa.Date)}
        for table in all_tables().sorted_tables
    }
    left = {name: columns - MENDED.get(name, set()) for name, columns in moments.items()}
    assert {name for name, columns in left.items() if columns} == excused
    assert all(columns <= moments[name] for name, columns in MENDED.items())
