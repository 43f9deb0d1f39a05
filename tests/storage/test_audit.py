"""Whatever is changed behind the system's back, the audit chain finds it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from storage.database import audit
from storage.database.audit import audit as log
from storage.database.audit import audit_head
from storage.database.base import new_id
from storage.database.connection import Database
from storage.database.keys import Keys
from storage.database.sealing import Vault
from storage.database.transaction import transaction
from storage.people.persons import persons
from storage.roster import household_row, households
from storage.store import Store
from tests.support.cells import put_text
from tests.support.town import START, VAULT


async def furnish(database: Database) -> None:
    """Three persons and a household, one of them renamed: five entries."""
    async with transaction(database, START) as tx, tx.session("person:1", "test") as session:
        for name in ("李村", "赵村", "孙村"):
            Store(session).people.add(name, phone="13800001001")
        home = household_row(new_id(), {"number": 1, "village": "220881100203", "group_name": "一屯", "head": "张三"})
        session.add(households, home)
    async with transaction(database, START) as tx, tx.session("person:1", "test") as session:
        (row,) = await session.read(sa.select(persons).where(persons.c.name == "赵村"))
        await session.amend(persons, row._mapping, name="赵小村")


async def faults(database: Database, vault: Vault = VAULT) -> list[str]:
    async with database.read() as conn:
        return [f"{fault.where} {fault.what}" for fault in await audit.verify(conn, vault)]


async def behind_the_back(database: Database, *statements: sa.Executable) -> None:
    async with database.write() as conn:
        for statement in statements:
            await conn.execute(statement)


@pytest.fixture
async def furnished(database: Database) -> Database:
    await furnish(database)
    assert await faults(database) == []
    return database


async def test_an_untouched_empty_database_is_whole(database: Database) -> None:
    assert await faults(database) == []


async def test_each_entry_says_who_did_what(furnished: Database) -> None:
    async with furnished.read() as conn:
        entries = (await conn.execute(sa.select(log).order_by(log.c.seq))).all()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.action for entry in entries] == ["persons.add"] * 3 + ["households.add", "persons.change"]
    assert {(entry.actor, entry.request, entry.at) for entry in entries} == {("person:1", "test", START)}
    assert entries[4].before == entries[1].after


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (persons.update().where(persons.c.name == "孙村").values(name="孙某"), "persons:"),
        (persons.update().where(persons.c.name == "孙村").values(phone=None), "persons:"),
        (households.update().values(kind="脱贫户"), "households:"),
        (persons.delete().where(persons.c.name == "孙村"), "persons:"),
        (log.delete().where(log.c.seq == 2), "audit 2"),
        (log.delete().where(log.c.seq == 1), "audit 1"),
        (log.delete().where(log.c.seq == 5), "audit_head"),
        (log.update().where(log.c.seq == 3).values(actor="person:2"), "audit 3"),
        (log.update().where(log.c.seq == 3).values(note="harmless"), "audit 3"),
        (log.update().where(log.c.seq == 3).values(chain="0" * 64), "audit 3"),
        (audit_head.update().values(seq=4), "audit_head"),
        (audit_head.delete(), "audit_head"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_change_by_hand_is_found(furnished: Database, statement: sa.Executable, where: str) -> None:
    await behind_the_back(furnished, statement)
    assert any(fault.startswith(where) for fault in await faults(furnished))


async def test_a_row_put_in_by_hand_is_found(furnished: Database) -> None:
    row = {"id": 1, "name": "外人", "joined_at": START, "version": 0}
    await behind_the_back(furnished, persons.insert().values(row))
    assert await faults(furnished) == ["persons:1 记录与审计链中的最后一次修改不符，可能被绕过系统改动"]


async def test_two_entries_in_each_others_place_are_found(furnished: Database) -> None:
    await behind_the_back(
        furnished,
        log.update().where(log.c.seq == 2).values(seq=99),
        log.update().where(log.c.seq == 3).values(seq=2),
        log.update().where(log.c.seq == 99).values(seq=3),
    )
    found = await faults(furnished)
    assert any(fault.startswith("audit 2") for fault in found)
    assert any(fault.startswith("audit 3") for fault in found)


async def test_a_tail_cut_off_with_its_head_still_shows_in_the_rows(furnished: Database) -> None:
    async with furnished.read() as conn:
        chain = (await conn.execute(sa.select(log.c.chain).where(log.c.seq == 4))).scalar_one()
    cut = (log.delete().where(log.c.seq == 5), audit_head.update().values(seq=4, chain=chain))
    await behind_the_back(furnished, *cut)
    [fault] = await faults(furnished)
    assert fault.startswith("persons:")


async def test_nobody_without_the_key_can_write_the_chain_anew(furnished: Database) -> None:
    """Whoever holds the database alone cannot sign what they changed."""
    async with furnished.read() as conn:
        rows = [dict(row._mapping) for row in await conn.execute(sa.select(log).order_by(log.c.seq))]
    forged: list[audit.AuditEntry] = [audit.AuditEntry.model_validate({**row, "actor": "person:2"}) for row in rows]
    await behind_the_back(furnished, log.delete(), audit_head.delete())
    async with furnished.write() as conn:
        await audit.append(conn, Vault(Keys.of(bytes(32))), forged)
    assert any(fault.startswith("audit 1") for fault in await faults(furnished))


async def test_a_removal_through_the_front_door_leaves_the_chain_whole(furnished: Database) -> None:
    async with transaction(furnished, START) as tx, tx.session("person:1", "test") as session:
        (row,) = await session.read(sa.select(households))
        await session.remove(households, row._mapping)
        session.note("export", "households", text="全部，未脱敏")
    assert await faults(furnished) == []


async def test_a_long_chain_is_read_in_pages(furnished: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    assert await faults(furnished) == []
    await behind_the_back(furnished, log.delete().where(log.c.seq == 3))
    assert any(fault.startswith("audit 3") for fault in await faults(furnished))


_SCRATCH = sa.Table("scratch", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))


@pytest.mark.parametrize("value", [b"x", START, START.date()])
def test_a_rows_digest_is_the_same_from_every_database(value: Any) -> None:
    raw = memoryview(value) if isinstance(value, bytes) else value
    digest = audit.row_hash(VAULT, _SCRATCH, {"b": 1, "a": value})
    assert digest == audit.row_hash(VAULT, _SCRATCH, {"a": raw, "b": 1})
    assert digest != audit.row_hash(VAULT, _SCRATCH, {"a": None, "b": 1})


async def test_a_cell_sealed_anew_leaves_the_chain_whole(furnished: Database) -> None:
    for number, holds in (("13800001001", True), ("13800001002", False)):
        async with furnished.write() as conn:
            await put_text(conn, VAULT, persons.c.phone, sa.true(), number)
        assert (await faults(furnished) == []) is holds
    assert len(await faults(furnished)) == 3


async def test_a_cell_that_does_not_open_is_named_and_hides_no_other_fault(furnished: Database) -> None:
    await behind_the_back(
        furnished,
        persons.update().where(persons.c.name == "李村").values(phone=b"\x02\x00\x01 no value"),
        households.update().values(head="张四"),
    )
    found = await faults(furnished)
    assert len(found) == 2
    assert any(fault.startswith("persons:") and "无法解开" in fault for fault in found)


def test_the_digest_of_a_row_tells_nobody_without_the_key_what_was_sealed() -> None:
    row = dict.fromkeys(persons.c.keys()) | {"phone": VAULT.seal_text("13800001001")}
    other = Vault(Keys.of(bytes(32)))
    row, same = VAULT.bind(persons, row, row), other.bind(persons, row, row)
    assert audit.row_hash(VAULT, persons, row) != audit.row_hash(other, persons, same)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
        "UPDATE audit_head SET seq = 'gone'",
        "UPDATE audit_head SET chain = x'ff'",
    ],
)
async def test_a_lost_or_damaged_head_keeps_nobody_from_writing(furnished: Database, statement: str) -> None:
    if "'" in statement and not furnished.is_sqlite:
        pytest.skip("PostgreSQL takes no such value")
    await behind_the_back(furnished, sa.text(statement))
    assert await faults(furnished)
    async with transaction(furnished, START) as tx, tx.session("person:1", "test") as session:
        Store(session).people.add("周镇")
    assert await faults(furnished) == []


@pytest.mark.sqlite_only
async def test_an_entry_that_cannot_be_read_is_named(furnished: Database) -> None:
    await behind_the_back(furnished, sa.text("UPDATE audit SET at = 'gone' WHERE seq = 2"))
    assert await faults(furnished) == ["audit 2 第 2 条审计记录读不了"]
