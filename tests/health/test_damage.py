"""A row that can't be read takes nobody along: each thing kept sealed or as JSON is damaged once, and all others served."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from bot.service.checks import MailCheck
from bot.service.jobs import Jobs
from bot.setup.installation import Installation
from handlers.charts import job as charts
from handlers.engine.conversation import conversations
from handlers.engine.jobs import jobs
from handlers.engine.putting_aside import UNREADABLE
from handlers.health import troubles_job
from storage.database import audit, clock_marks
from storage.database.base import SHANGHAI
from storage.database.reading import CALLED, Damage, DamagedRow
from storage.database.tables import all_tables
from storage.database.troubles import begin_trouble, open_troubles
from storage.ledgers.clues import clue_lines
from storage.ledgers.households import household_lines
from storage.ledgers.problems import problem_lines
from storage.ledgers.sweep import sweep_lines
from storage.ledgers.unreachable import unreachable_lines
from storage.mail import inbox, outbox, transcripts
from storage.mail.messages import Incoming, Outgoing
from storage.people.reach import Reach
from storage.selfchecks import Scope, selfchecks
from storage.store import Store
from tests.support.everything import fill, sealed_columns
from tests.support.plan import BAITA, COUNTY, PLAN, TOWN
from tests.support.problems import add
from tests.support.town import VAULT, Town

_RUBBISH = b"\x01rubbish that no key opens"

MOMENTS = (
    datetime(2022, 10, 20, 8, 5, tzinfo=SHANGHAI),
    datetime(2022, 10, 21, 15, 30, tzinfo=SHANGHAI),
    datetime(2022, 10, 24, 8, 40, tzinfo=SHANGHAI),
)
"""A working morning, the afternoon of the week's report, and a Monday."""


async def damage(town: Town, column: sa.Column[Any], key: int) -> None:
    """Write rubbish into one cell, as a bad disk or a hand that is too quick would."""
    table, (name,) = column.table, column.table.primary_key
    sqlite = town.database.is_sqlite
    values: dict[str, object] = {"key": key, "rubbish": _RUBBISH}
    if isinstance(column.type, sa.JSON):
        values["rubbish"] = '{"cut o' if sqlite else '"rubbish"'
    placeholder = "CAST(:rubbish AS JSON)" if isinstance(column.type, sa.JSON) and not sqlite else ":rubbish"
    statement = f'UPDATE {table.name} SET "{column.name}" = {placeholder} WHERE {name.name} = :key'  # noqa: S608
    async with town.database.write() as conn:
        await conn.execute(sa.text(statement), values)


async def damage_everything(town: Town) -> dict[str, int]:
    """Damage each sealed or JSON column of the first row of each table that has any; returns the rows by table."""
    damaged = {}
    for name, columns in sealed_columns().items():
        (key_column,) = columns[0].table.primary_key
        which = sa.func.max if name in ("inbox", "outbox") else sa.func.min  # what is not dealt with yet
        async with town.database.read() as conn:
            key = (await conn.execute(sa.select(which(key_column)).where(columns[0].is_not(None)))).scalar_one()
        assert key is not None, f"nothing is kept in {name}"
        for column in columns:
            await damage(town, column, key)
        damaged[name] = key
    return damaged


async def keys(town: Town) -> set[str]:
    async with town.database.read() as conn:
        return {trouble.key for trouble in await open_troubles(conn)}


def runner(town: Town) -> Jobs:
    settings = SimpleNamespace(keep_messages_days=30, keep_drafts_days=30)
    installation = SimpleNamespace(settings=settings, database=town.database, world=town.world)
    return Jobs(cast(Installation, installation), town.clock, lambda: None)


async def run_all(town: Town) -> None:
    """Every job there is, and what keeps the house clean."""
    made = runner(town)
    for job in jobs():
        await made.run(job)
    await made.purge()
    await made.fold()
    await town.settle()


async def begin_everything(town: Town) -> list[tuple[str, str | None]]:
    """Everybody begins each conversation there is; returns whose messages failed, and why."""
    for command in conversations():
        for words in (f"/{command}", "/cancel"):
            people = ("周镇", "李村", "赵村", "郑市", "王建", "张三")
            said = [
                Incoming(address=f"test:{name}", key=f"{name}:{words}:{command}", at=town.now, text=words) for name in people
            ]
            await town.intake.put(said)
            await town.settle()
    async with town.database.read() as conn:
        failed = sa.select(inbox.inbox.c.address, inbox.inbox.c.error).where(inbox.inbox.c.attempts > 0)
        return [(row.address, row.error) for row in await conn.execute(failed)]


@pytest.fixture
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drawn(*_: object) -> bytes:
        return b"png"

    monkeypatch.setattr(charts.PROCESS, "run", drawn)


def test_every_table_has_a_name_that_people_know() -> None:
    assert set(sealed_columns()) <= set(CALLED) <= set(all_tables().tables)


@pytest.mark.usefixtures("_undrawn")
async def test_one_damaged_row_of_every_kind_takes_nobody_along(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    await fill(town)
    others = await add(town, "井水浑了", deadline=datetime(2022, 10, 20, tzinfo=SHANGHAI).date())
    damaged = await damage_everything(town)
    await town.restart()
    caplog.set_level(logging.ERROR)

    for moment in MOMENTS:
        town.now = moment
        await run_all(town)
    heard = " ".join(town.unread("李村"))
    assert f"{others.number}号问题" in heard, "what can be read is reminded of"
    assert "周报" in " ".join(town.unread("孙村"))

    assert await begin_everything(town) == [], "no list, card or menu fails for a row that it leaves out"

    await read_all(town)
    known = await keys(town)
    assert {f"row:{name}:{key}" for name, key in damaged.items() if name not in _NEVER_OPENED} <= known
    assert not [key for key in known if key.startswith("job:")], "no job and no matter of one failed"
    assert "rubbish" not in caplog.text


_NEVER_OPENED = {"downloads", "erasures", "joined_reports", "persons", "reconciliations", "sample_checks", "supervisions"}
"""What is sealed there is only kept, or only opened for its own person or row."""


async def read_all(town: Town) -> None:
    """What is read as a whole region or page: ledgers, lists of a store, the phone page."""
    reach = [Reach(region=COUNTY)]
    async with town.transaction() as tx, tx.session("test", "read all") as session:
        store = Store(session)
        for lines in (
            clue_lines(session, reach),
            household_lines(session, reach),
            problem_lines(session, reach),
            sweep_lines(session, reach, round=PLAN.id),
        ):
            assert [line async for line in lines], "the others are in the ledger"
        await unreachable_lines(session, reach)
        for problem_id in await ids(town, "problem_entries", "problem_id"):
            await store.problems.entries(problem_id, 50)
        for clue_id in await ids(town, "clue_events", "clue_id"):
            await store.clues.events(clue_id)
        for measure_id in await ids(town, "measure_entries", "measure_id"):
            await store.measures.entries(measure_id)
        await store.clues.several(await ids(town, "clues", "id"))
        for arrival_id in await ids(town, "arrivals", "id"):
            with pytest.raises(DamagedRow):
                await store.arrivals.get(arrival_id)
        await store.measures.due(TOWN)
        await store.visits.in_village(BAITA, PLAN.id)
        await store.indicators.of([2022], TOWN)
        await store.fanouts.latest([TOWN], 10)
        await store.fanouts.open_in(BAITA)
        await store.watchlists.due(PLAN.id, [TOWN], today=town.now.date(), most=10)
        await store.weekly_reports.sent(datetime(2022, 10, 3, tzinfo=SHANGHAI).date(), TOWN)
        await store.selfchecks.of(PLAN.id, (await scopes_checked(town))[0])
        await store.screening_results.lines((await ids(town, "screening_rows", "screening_id"))[0], 0)
    async with town.transaction() as tx:
        page = await transcripts.recent(tx.conn, VAULT, "test:李村", tx.damage)
    assert page[0].shown.text == transcripts.DAMAGED_LINE


async def ids(town: Town, table: str, column: str) -> Sequence[int]:
    async with town.database.read() as conn:
        return (await conn.execute(sa.select(all_tables().tables[table].c[column]).distinct())).scalars().all()


async def scopes_checked(town: Town) -> list[Scope]:
    async with town.database.read() as conn:
        return [Scope(*row) for row in await conn.execute(sa.select(selfchecks.c.region, selfchecks.c.unit))]


async def test_the_office_hears_of_a_row_once_and_of_its_mending_not_at_all(town: Town) -> None:
    problem = await add(town)
    column = next(one for one in sealed_columns()["problems"] if one.name == "description")
    async with town.database.read() as conn:
        whole = (await conn.execute(sa.select(column).where(column.table.c.id == problem.id))).scalar_one()
    await damage(town, column, problem.id)
    for _ in range(3):
        await town.say("李村", "/todo")
        town.now += timedelta(hours=2)
        await town.say("李村", "/todo")
        async with town.transaction() as tx:
            await town.caches.refresh(tx.conn)
            await troubles_job.tell(tx, town.world)
        await town.settle()
    told = f"问题 {problem.number} 号的记录读不了，已先放在一边，其他照常。"
    assert [line for line in town.unread("周镇") if told in line] == [
        f"【系统提醒】 / {told} / 请管理员运行 cunbao check 看一下。"
    ]

    async with town.database.write() as conn:
        await conn.execute(sa.update(column.table).where(column.table.c.id == problem.id).values(description=whole))
    await town.restart()
    assert f"{problem.number}号" in (await town.say("李村", "/todo"))[0]
    assert await keys(town) == set()


async def test_the_trouble_of_a_row_that_is_gone_ends(town: Town) -> None:
    problem = await add(town)
    await damage(town, sealed_columns()["problems"][0], problem.id)
    await town.say("李村", "/todo")
    assert await keys(town) == {f"row:problems:{problem.id}"}
    async with town.database.write() as conn:
        for name, column in (("problem_units", "problem_id"), ("problems", "id")):
            table = all_tables().tables[name]
            await conn.execute(table.delete().where(table.c[column] == problem.id))
    await runner(town).purge()
    assert await keys(town) == set()


@pytest.mark.parametrize("key", ["clues:None", "clues:-7", "clues:99999999999999999999", "chats:telegram:1", "media:123"])
async def test_the_trouble_of_a_row_that_never_was_ends(town: Town, key: str) -> None:
    async with town.database.write() as conn:
        await begin_trouble(conn, f"row:{key}", "一条", town.now)
    await runner(town).purge()
    assert await keys(town) == set()


@pytest.mark.usefixtures("_undrawn")
async def test_codes_that_the_plan_does_not_have_keep_nobody_from_a_list(town: Town) -> None:
    """A plan that was changed, or a damaged cell."""
    await fill(town)
    changes: dict[str, dict[str, object]] = {
        "posts": {"unit": "gone", "region": TOWN + "99"},
        "households": {"village": TOWN + "99"},
        "problems": {"source": "gone", "region": TOWN + "99", "item": "99.9"},
        "clues": {"source": "gone", "village": TOWN + "99", "kinds": ["gone"]},
        "differences": {"owner_role": "gone"},
        "reconciliations": {"source": "gone"},
        "measures": {"unit": "gone"},
    }
    async with town.database.write() as conn:
        for table, values in changes.items():
            found = all_tables().tables[table]
            first = sa.select(sa.func.min(found.c.id)).scalar_subquery()
            await conn.execute(found.update().where(found.c.id == first).values(values))
    await town.restart()
    for moment in MOMENTS:
        town.now = moment
        await run_all(town)
    assert await begin_everything(town) == []
    assert not [key for key in await keys(town) if key.startswith("job:")]


async def test_old_messages_are_erased_while_the_office_is_asked_of_the_time(town: Town) -> None:
    async with town.database.write() as conn:
        await begin_trouble(conn, clock_marks.TROUBLE, "对吗？", town.now)
    await runner(town).purge()
    assert await keys(town) == {clock_marks.TROUBLE}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("address", ["x'ff'", "'elsewhere:1'", "'nowhere'"])
async def test_a_letter_to_no_address_of_ours_leaves_none_of_its_batch_behind(town: Town, address: str) -> None:
    async with town.transaction() as tx, tx.session("test", "post") as session:
        row = outbox.post(session, "test:李村", Outgoing(text="一"))
        outbox.post(session, "test:赵村", Outgoing(text="二"))
    async with town.database.write() as conn:
        await conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        await conn.exec_driver_sql(f"INSERT INTO chats (address, platform, last_seen) VALUES ({address}, 'test', 0)")  # noqa: S608
        await conn.exec_driver_sql(f"UPDATE outbox SET address = {address} WHERE id = ?", (row,))  # noqa: S608
    await town.settle()
    assert town.unread("赵村") == ["二"]
    assert await keys(town) == {f"row:outbox:{row}"}


@pytest.mark.sqlite_only
async def test_mail_of_no_known_moment_is_no_trouble_of_the_watch(town: Town) -> None:
    await town.intake.put([Incoming(address="test:李村", key="broken", at=town.now, text="/me")])
    async with town.database.write() as conn:
        await conn.exec_driver_sql("UPDATE inbox SET received_at = 'gone'")
    assert await MailCheck(town.database, ["test"], town.clock)() == []
    async with town.database.read() as conn:
        assert await inbox.oldest_waiting(conn) is None
        assert await inbox.last_received(conn) is None


async def test_many_rows_of_one_table_are_one_trouble(town: Town) -> None:
    for number in range(25):
        problem = await add(town, f"第{number}处")
        await damage(town, sealed_columns()["problems"][0], problem.id)
    await town.say("李村", "/todo")
    known = await keys(town)
    assert len(known) == 21
    assert "row:problems:*" in known


async def test_a_message_that_cannot_be_read_is_answered(town: Town) -> None:
    await town.intake.put([Incoming(address="test:李村", key="broken", at=town.now, text="/me")])
    ((key,),) = [await ids(town, "inbox", "id")]
    await damage(town, inbox.inbox.c.payload, key)
    assert "赵村" in (await town.say("赵村", "/me"))[0]
    assert town.unread("李村") == [UNREADABLE]
    assert await keys(town) == {f"row:inbox:{key}"}
    assert len(await town.say("李村", "/me")) == 1


async def test_a_damaged_talk_is_told_once_and_the_others_of_its_chat_go_on(town: Town) -> None:
    await town.say("李村", "/report")
    await town.say("李村", "/later")
    async with town.database.read() as conn:
        (talk,) = (await conn.execute(sa.select(all_tables().tables["talks"]))).all()
    await town.say("李村", "/visit")
    town.unread("李村")
    await damage(town, all_tables().tables["talks"].c.journal, talk.id)
    assert "赵村" in (await town.say("赵村", "/me"))[0]
    heard = await town.say("李村", "/me")
    assert heard[0] == "「上报风险」没办完的这一件打不开了，已告诉管理员。您别的事都在。 / 要重新办，请发「菜单」。 [重新办]"
    assert "李村" in heard[1]
    assert not any("打不开" in line for line in await town.say("李村", "/me"))
    assert await keys(town) == {f"row:talks:{talk.id}"}
    async with town.database.read() as conn:
        states = {row.id: row.state for row in await conn.execute(sa.select(all_tables().tables["talks"]))}
    assert states[talk.id] == "damaged", "kept for whoever can mend it"


async def test_a_damaged_active_talk_lets_its_owner_go_on(town: Town) -> None:
    await town.say("李村", "/report")
    (key,) = await ids(town, "talks", "id")
    await damage(town, all_tables().tables["talks"].c.journal, key)
    heard = await town.say("李村", "/report")
    assert "打不开" in heard[0]
    assert len(heard) == 2, "and it begins anew"


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("table", "column", "rubbish"),
    [
        ("problems", "deadline", "the 31st"),
        ("problems", "opened_at", "yesterday"),
        ("problems", "description", 7),
        ("problems", "units", "{"),
        ("problems", "state", "gone"),
        ("problems", "percent", "half"),
        ("problems", "units", "null"),
        ("problems", "responsible", b"\xff\xfe"),
    ],
)
async def test_any_value_that_its_column_never_holds_is_one_rows_alone(
    town: Town, table: str, column: str, rubbish: object
) -> None:
    broken, whole = await add(town), await add(town, "路灯坏了")
    async with town.database.write() as conn:
        value = "CAST(? AS TEXT)" if rubbish == b"\xff\xfe" else "?"  # which is no text that can be decoded
        await conn.exec_driver_sql(f"UPDATE {table} SET {column} = {value} WHERE id = ?", (rubbish, broken.id))  # noqa: S608
    async with town.transaction() as tx, tx.session("test", "read") as session:
        assert [one.id for one in await Store(session).problems.several([broken.id, whole.id])] == [whole.id]
    assert await keys(town) == {f"row:problems:{broken.id}"}


async def test_a_roster_with_a_damaged_household_is_the_rest_of_it(town: Town) -> None:
    broken = await town.household(1002)
    if not town.database.is_sqlite:
        pytest.skip("PostgreSQL takes no such value")
    async with town.database.write() as conn:
        await conn.exec_driver_sql("UPDATE households SET able_to_work = 'x', number = 'abc' WHERE id = ?", (broken.id,))
    await town.restart()
    await town.say("李村", "/me")
    assert {one.number for one in town.world.roster.by_id.values()} == {1001, 1003, 1004, 1005, 2001, 2002}
    assert await keys(town) == {f"row:households:{broken.id}"}


@pytest.mark.sqlite_only
async def test_a_person_whose_name_cannot_be_read_is_served_and_keeps_nobody_from_it(town: Town) -> None:
    async with town.database.write() as conn:
        await conn.exec_driver_sql("UPDATE persons SET name = x'ff00' WHERE id = ?", (town.people["李村"],))
    await town.restart()
    assert "赵村" in (await town.say("赵村", "/me"))[0]
    assert (await town.say("李村", "/me"))[0].startswith("（姓名读不了）")
    await run_all(town)
    assert await keys(town) == {f"row:persons:{town.people['李村']}"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("moment", ["'gone'", str(9 * 10**15)])
async def test_a_leave_filed_at_no_moment_stops_nobody(town: Town, moment: str) -> None:
    day = town.now.date()
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        for name in ("李村", "孙村"):
            Store(session).leaves.take(town.people[name], day, last=day, deputy_id=None)
    async with town.database.write() as conn:
        statement = f"UPDATE leaves SET filed_at = {moment}, first_day = 'gone' WHERE person_id = ?"  # noqa: S608
        await conn.exec_driver_sql(statement, (town.people["李村"],))
    await town.restart()
    assert "赵村" in (await town.say("赵村", "/me"))[0]
    assert [leave.person_id for leave in town.world.leaves] == [town.people["孙村"]]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("column", ["since", "told_at", "words"])
async def test_a_trouble_that_cannot_be_read_stops_nobody(town: Town, column: str) -> None:
    async with town.database.write() as conn:
        await begin_trouble(conn, "row:talks:7", "一条", town.now)
        await conn.exec_driver_sql(f"UPDATE troubles SET {column} = x'ff'")  # noqa: S608
    await town.restart()
    assert "赵村" in (await town.say("赵村", "/me"))[0]
    await run_all(town)
    assert await keys(town) == set()


def test_nothing_of_what_a_row_holds_is_logged() -> None:
    damage = Damage()

    def read(row: Any) -> None:
        raise ValueError(f"张三 {row}")

    damage.read(all_tables().tables["problems"], [{"id": 7, "number": 3}], read)
    ((key, words, trace),) = damage.found.values()
    assert key == "row:problems:7"
    assert words.startswith("问题 3 号")
    assert "张三" not in words + trace.replace("张三 {row}", "")
    assert "ValueError" in trace


@pytest.mark.parametrize("rubbish", [_RUBBISH, "text", 7], ids=["bytes", "text", "number"])
async def test_the_audit_names_a_damaged_row_and_goes_on(town: Town, rubbish: object) -> None:
    if not town.database.is_sqlite and rubbish != _RUBBISH:
        pytest.skip("PostgreSQL takes no such value")
    broken, _ = await add(town), await add(town, "路灯坏了")
    async with town.database.write() as conn:
        statement = sa.text("UPDATE problems SET description = :rubbish WHERE id = :key")
        await conn.execute(statement, {"rubbish": rubbish, "key": broken.id})
    async with town.database.read() as conn:
        assert [fault.where for fault in await audit.verify(conn, VAULT)] == [f"problems:{broken.id}"]


async def test_what_is_entered_anew_mends_a_damaged_row(town: Town) -> None:
    li = town.people["李村"]

    async def enter(value: int, reason: str) -> None:
        async with town.transaction() as tx, tx.session("test", "enter") as session:
            await Store(session).indicators.enter(2022, BAITA, code="workers", value=value, by=li, reason=reason)

    await enter(100, "少了一户")
    ((key,),) = [await ids(town, "indicator_values", "id")]
    await damage(town, sealed_columns()["indicator_values"][0], key)
    await enter(100, "少了两户")
    async with town.transaction() as tx, tx.session("test", "read") as session:
        (one,) = (await Store(session).indicators.of([2022], TOWN)).values()
    assert one.reason == "少了两户"
    async with town.database.read() as conn:
        assert await audit.verify(conn, VAULT) == []
