"""A sealed value opens in its own place alone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.cases.records import clues
from storage.database import audit, reseal
from storage.database.base import place_of
from storage.database.connection import Database
from storage.database.sealing import SealError
from storage.database.transaction import transaction
from storage.database.troubles import open_troubles
from storage.files.media import AlteredFile, MediaStore
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.people.persons import persons
from storage.store import Store
from tests.support.cases import case_after
from tests.support.cells import former
from tests.support.town import START, VAULT, Town


async def swap(database: Database, column: sa.Column[bytes], first: int, second: int) -> None:
    """Put two rows' cells into each other's place."""
    table = column.table
    assert isinstance(table, sa.Table)
    async with database.write() as conn:
        cells = {row[0]: row[1] for row in await conn.execute(sa.select(table.c.id, column))}
        for key, other in ((first, second), (second, first)):
            await conn.execute(table.update().where(table.c.id == key).values({column.name: cells[other]}))


async def test_what_was_written_of_one_family_is_never_shown_as_anothers(town: Town) -> None:
    first, second = await case_after(town, ()), await case_after(town, (), number=1002)
    await swap(town.database, clues.c.detail, first.id, second.id)
    assert "屋顶漏雨" not in "".join(await town.say("李村", f"/clue {first.number}"))
    async with town.database.read() as conn:
        assert [one.words for one in await open_troubles(conn)] == [
            f"线索 {first.number} 号的记录读不了，已先放在一边，其他照常。"
        ]
        assert [fault.where for fault in await audit.verify(conn, VAULT)] == sorted([f"clues:{first.id}", f"clues:{second.id}"])


async def test_a_letter_is_not_delivered_to_another_address(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "post") as session:
        outbox.post(session, "test:李村", Outgoing(text="只给李村"))
    async with town.database.write() as conn:
        await conn.execute(outbox.outbox.update().values(address="test:赵村"))
    await town.settle()
    assert town.unread("赵村") == []


async def test_what_was_sealed_before_opens_and_is_bound_once_its_row_is_written(database: Database) -> None:
    async with writing(database) as store:
        key = store.people.add("李村", phone="13800001001")
        other = store.people.add("赵村", phone="13800001002")
    async with database.write() as conn:
        for one, phone in ((key, b"13800001001"), (other, b"13800001002")):
            await conn.execute(persons.update().where(persons.c.id == one).values(phone=former(VAULT, phone)))
    async with writing(database) as store:
        assert await store.people.phone(key) == "13800001001"
        (row,) = await store.session.read(sa.select(persons).where(persons.c.id == key))
        await store.session.amend(persons, row._mapping, name="李小村")
    async with database.write() as conn:
        assert await audit.verify(conn, VAULT) == []
        assert (await reseal.reseal(conn, VAULT, persons, None, 10)).sealed == 1, "the one that nobody has touched"
    await swap(database, persons.c.phone, key, other)
    async with database.read() as conn:
        for row in await conn.execute(sa.select(persons)):
            with pytest.raises(SealError):
                VAULT.open_text(persons.c.phone, row)


@contextlib.asynccontextmanager
async def writing(database: Database) -> AsyncIterator[Store]:
    async with transaction(database, START) as tx, tx.session("test", "places") as session:
        yield Store(session)


def test_a_place_names_table_column_and_row() -> None:
    assert place_of(persons.c.phone, {"id": 7}) == b"persons\0phone\x007"
    assert place_of(outbox.outbox.c.payload, {"id": 7, "address": "web:1"}) == b"outbox\0payload\x007\0web:1"


@pytest.mark.parametrize("bound", [True, False], ids=["now", "former"])
async def test_a_photo_that_was_swapped_on_disk_is_refused_and_told_once(
    database: Database, tmp_path: Path, *, bound: bool
) -> None:
    store = MediaStore(tmp_path, VAULT, database)
    roof, wall = store.write(b"roof"), store.write(b"wall")
    if not bound:
        store.path(wall).write_bytes(former(VAULT, b"wall"))
    shutil.copy(store.path(roof), tmp_path / "kept")
    shutil.copy(store.path(wall), store.path(roof))
    for _ in range(2):
        with pytest.raises(AlteredFile):
            await store.fetch(roof)
    async with database.read() as conn:
        [told] = await open_troubles(conn)
    assert (told.key, "没有给人看" in told.words) == (f"file:{roof}", True)
    shutil.copy(tmp_path / "kept", store.path(roof))
    assert await store.fetch(roof) == b"roof"
    async with database.read() as conn:
        assert await open_troubles(conn) == [], "put back, it is right again"
