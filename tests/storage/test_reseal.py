"""Whatever is sealed is sealed anew with a new key, whoever holds it and however often it is begun."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from storage.database import key_checks, reseal
from storage.database.base import Moment, Sealed, sealed_columns
from storage.database.connection import Database
from storage.database.keys import Keys
from storage.database.sealing import SealError, Unsealed, Vault, number_of
from storage.people.persons import persons
from tests.support.town import START, VAULT

ROWS = 5


def value(column: sa.Column[Any], number: int) -> Any:
    """Something that fits the column, other for each number where it is a key."""
    if isinstance(column.type, Sealed):
        return None if number == 0 and column.nullable else Unsealed(f"{column}{number}".encode())
    if isinstance(column.type, Moment):
        return START
    if isinstance(column.type, sa.JSON):
        return {}
    if isinstance(column.type, sa.Date):
        return date(2022, 10, 1 + number)
    if isinstance(column.type, sa.Boolean):
        return False
    if isinstance(column.type, sa.Numeric):
        return 1
    return str(number) if isinstance(column.type, sa.String) else number


async def fill(database: Database) -> None:
    """Some rows in every table that holds sealed values, whether or not what they point to is there."""
    async with database.engine.connect() as conn:
        blind = "PRAGMA foreign_keys=OFF" if database.is_sqlite else "SET session_replication_role = replica"
        await conn.exec_driver_sql(blind)
        for table in reseal.sealed_tables():
            rows = [{column.name: value(column, number) for column in table.c} for number in range(ROWS)]
            await conn.execute(table.insert(), [VAULT.bind(table, row, row) for row in rows])
        await conn.commit()


async def run(database: Database, vault: Vault, most: int = 2) -> int:
    sealed = 0
    for table in reseal.sealed_tables():
        after = None
        while True:
            async with database.write() as conn:
                batch = await reseal.reseal(conn, vault, table, after, most)
            sealed, after = sealed + batch.sealed, batch.last
            if after is None:
                break
    return sealed


async def opened(database: Database, vault: Vault) -> dict[str, list[bytes]]:
    """Every sealed value, by its column."""
    found: dict[str, list[bytes]] = {}
    async with database.read() as conn:
        for table in reseal.sealed_tables():
            for row in await conn.execute(sa.select(table)):
                for name in sealed_columns(table):
                    cell = row._mapping[name]
                    plain = b"" if cell is None else vault.open_cell(table.c[name], row)
                    found.setdefault(f"{table.name}.{name}", []).append(plain)
    return {name: sorted(values) for name, values in found.items()}


async def test_every_value_of_every_table_is_sealed_anew_and_reads_the_same(database: Database) -> None:
    await fill(database)
    newer = Vault(VAULT.keys.with_new())
    before = await opened(database, VAULT)
    async with database.read() as conn:
        used = await reseal.in_use(conn)
    assert set(used) == {1}
    assert await run(database, newer) == used[1]
    async with database.read() as conn:
        assert await reseal.in_use(conn) == {2: used[1]}
    assert await opened(database, newer) == before
    assert await opened(database, Vault(newer.keys.without({1}))) == before
    assert await run(database, newer) == 0, "what is done is not done again"


async def test_a_value_that_does_not_open_keeps_nobody_waiting(database: Database) -> None:
    await fill(database)
    newer = Vault(VAULT.keys.with_new())
    async with database.write() as conn:
        await conn.execute(persons.update().where(persons.c.id == 2).values(phone=b"\x01 no value"))
        await conn.execute(persons.update().where(persons.c.id == 3).values(phone=b"\x07 of no form"))
    async with database.write() as conn:
        batch = await reseal.reseal(conn, newer, persons, None, 100)
        assert (batch.sealed, batch.broken, batch.last) == (ROWS - 3, 2, None)
    async with database.read() as conn:
        phones = {row.id: row.phone for row in await conn.execute(sa.select(persons.c.id, persons.c.phone))}
        assert (await reseal.in_use(conn))[1] > 0, "and what does not open is still counted"
    assert phones[2] == b"\x01 no value"
    assert number_of(bytes(phones[4] or b"")) == 2


@pytest.mark.postgres_only
async def test_a_row_that_somebody_holds_is_left_for_the_next_time(database: Database) -> None:
    await fill(database)
    newer = Vault(VAULT.keys.with_new())
    async with database.write() as service:
        await service.execute(sa.select(persons).where(persons.c.id == 2).with_for_update())
        async with database.write() as conn:
            assert (await reseal.reseal(conn, newer, persons, None, 100)).sealed == ROWS - 2
    async with database.write() as conn:
        assert (await reseal.reseal(conn, newer, persons, None, 100)).sealed == 1


async def test_the_key_of_another_database_is_noticed(database: Database) -> None:
    async with database.read() as conn:
        await key_checks.check(conn, VAULT)
        assert await key_checks.numbers(conn) == [1]
        mixed = Keys(VAULT.keys.seal, Keys.of(bytes(32)).blind, VAULT.keys.audit, VAULT.keys.session, {})
        for wrong in (Keys.of(bytes(32)), mixed, VAULT.keys.with_new().without({1})):
            lone = Keys(wrong.seal, wrong.blind, wrong.audit, wrong.session, {})
            with pytest.raises(SealError):
                await key_checks.check(conn, Vault(lone))


async def test_a_damaged_check_is_not_taken_for_a_wrong_key_while_values_open(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(key_checks.key_checks.update().values(value=b"\x02\x00\x01 damaged"))
        with pytest.raises(SealError):  # nothing else tells
            await key_checks.check(conn, VAULT)
    await fill(database)
    async with database.read() as conn:
        await key_checks.check(conn, VAULT)
        with pytest.raises(SealError):
            await key_checks.check(conn, Vault(Keys.of(bytes(32))))
