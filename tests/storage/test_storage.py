"""One transaction for many chats: each undone alone, none overwriting another; and what lies on disk tells nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database.base import new_id
from storage.database.connection import Database
from storage.database.counters import counters, read_stamps
from storage.database.reading import Damage
from storage.database.sealing import SealError
from storage.database.session import Conflict
from storage.database.transaction import Transaction, transaction
from storage.files.media import Media, MediaStore, media, register
from storage.mail.talks import Talk, open_talks, rows_of, save
from storage.people.persons import persons
from storage.roster import Household, Roster
from storage.store import Store
from tests.support.plan import BAITA, WAFANG
from tests.support.town import START, VAULT, Town


class Oops(Exception):
    pass


async def names(database: Database) -> list[str]:
    async with database.read() as conn:
        return list((await conn.execute(sa.select(persons.c.name).order_by(persons.c.id))).scalars())


async def counter(database: Database, name: str) -> int:
    async with database.read() as conn:
        return (await conn.execute(sa.select(counters.c.value).where(counters.c.name == name))).scalar_one_or_none() or 0


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("touches", [False, True], ids=["only inserts", "with a savepoint"])
async def test_a_failing_session_takes_nothing_with_it_and_leaves_the_others(database: Database, touches: bool) -> None:
    async def work(tx: Transaction, name: str, fails: bool = False) -> None:
        async with tx.session() as session:
            Store(session).people.add(name)
            session.touch("people")
            if touches:
                await session.read(sa.select(persons))
            if fails:
                raise Oops

    async with transaction(database, START) as tx:
        await work(tx, "李村")
        with pytest.raises(Oops):
            await work(tx, "赵村", fails=True)
        await work(tx, "孙村")
    assert await names(database) == ["李村", "孙村"]
    async with database.read() as conn:
        assert await read_stamps(conn, ["people", "roster"]) == {"people": 1, "roster": 0}


async def test_a_failing_transaction_leaves_nothing(database: Database) -> None:
    async def work() -> None:
        async with transaction(database, START) as tx:
            async with tx.session() as session:
                Store(session).people.add("李村")
                await session.next_number("clue")
            raise Oops

    with pytest.raises(Oops):
        await work()
    assert await names(database) == []
    assert await counter(database, "clue") == 0


async def test_a_session_sees_what_it_added_and_others_do_not(database: Database) -> None:
    async with transaction(database, START) as tx:
        async with tx.session() as first:
            key = Store(first).people.add("李村")
        async with tx.session() as second:
            assert await Store(second).people.get(key) is None
            own = Store(second).people.add("赵村")
            assert (await Store(second).people.get(own)) is not None
    assert await names(database) == ["李村", "赵村"]


async def test_the_second_to_change_a_row_from_the_same_reading_is_told(database: Database) -> None:
    async with transaction(database, START) as tx, tx.session() as session:
        Store(session).people.add("李村")
    async with transaction(database, START) as tx, tx.session() as session:
        (seen,) = await session.read(sa.select(persons))
        after = await session.amend(persons, seen._mapping, name="李一")
        assert (after["name"], after["version"]) == ("李一", 1)
        with pytest.raises(Conflict):
            await session.amend(persons, seen._mapping, name="李二")
    assert await names(database) == ["李一"]


async def test_changing_or_removing_what_is_gone_is_a_conflict(database: Database) -> None:
    async with transaction(database, START) as tx, tx.session() as session:
        Store(session).people.add("李村")
    async with transaction(database, START) as tx, tx.session() as session:
        (seen,) = await session.read(sa.select(persons))
        await session.remove(persons, seen._mapping)
        with pytest.raises(Conflict):
            await session.amend(persons, seen._mapping, name="李二")
        with pytest.raises(Conflict):
            await session.remove(persons, seen._mapping)


async def test_numbers_have_no_gaps_when_a_chat_fails(database: Database) -> None:
    async def take(tx: Transaction, count: int, fails: bool = False) -> list[int]:
        async with tx.session() as session:
            taken = [await session.next_number("clue") for _ in range(count)]
            if fails:
                raise Oops
        return taken

    async with transaction(database, START) as tx:
        assert await take(tx, 1) == [1]
        with pytest.raises(Oops):
            await take(tx, 2, fails=True)
        assert await take(tx, 1) == [2]
    async with transaction(database, START) as tx:
        assert await take(tx, 2) == [3, 4]
    assert await counter(database, "clue") == 4


async def test_numbers_taken_at_once_are_different(database: Database) -> None:
    async def take() -> int:
        async with transaction(database, START) as tx, tx.session() as session:
            return await session.next_number("clue")

    first = await take()
    assert sorted([first, *await asyncio.gather(*(take() for _ in range(5)))]) == [1, 2, 3, 4, 5, 6]


async def test_the_same_thing_planned_twice_is_one_row(database: Database) -> None:
    for _ in range(2):
        async with transaction(database, START) as tx, tx.session() as session:
            for _ in range(2):
                Store(session).reminders.plan("problem", "7", stage="due", due_at=START, deadline=START.date())
    async with transaction(database, START) as tx, tx.session() as session:
        assert await Store(session).reminders.known("problem") == {("7", "due", START.date())}


async def test_a_sealed_text_comes_back_and_a_blind_index_finds_it(database: Database) -> None:
    async with transaction(database, START) as tx, tx.session() as session:
        key = Store(session).people.add("李村", "13812345678")
        assert await Store(session).people.phone(key) == "13812345678"
        found = sa.select(persons.c.id).where(persons.c.phone_blind == VAULT.blind("phone", "13812345678"))
        assert [row.id for row in await session.read(found)] == [key]


@pytest.mark.sqlite_only
async def test_nothing_sensitive_lies_in_the_database_file(town: Town, tmp_path: Path) -> None:
    """A report with illness, phone and ID number in its words; then the bytes of every file are searched."""
    secrets = ("张三得了尿毒症", "13912345678", "220881196512121238", "高血压三级", "2208811970010" + "1001X", "13800001001")
    for said in ("/report", "1001", "4", f"{secrets[0]}，电话{secrets[1]}，身份证{secrets[2]}", "跳过", "提交"):
        await town.say("李村", said)
    await town.say("赵村", "/report")
    await town.say("赵村", "1001")
    await town.say("赵村", "4")
    await town.say("赵村", secrets[3])  # a talk left open keeps its answers sealed too
    await town.send_photo("赵村", b"a photo of a sickbed")
    assert "尿毒症" in str(await town.say("周镇", "/clue 1"))
    kept = contents(tmp_path)
    assert {path.suffix for path in kept} >= {".db", ".db-wal"}
    for path, content in kept.items():
        for secret in (*secrets, "尿毒症", "a photo of a sickbed"):
            assert secret.encode() not in content, (path.name, secret)


def test_a_file_is_named_by_its_content_sealed_and_kept_once(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, VAULT)
    name = store.write(b"roof")
    assert store.write(b"roof") == name
    assert store.write(b"roof!") != name
    kept = contents(tmp_path)
    assert len(kept) == 2
    assert all(b"roof" not in content for content in kept.values())
    assert store.read(name) == b"roof"
    assert store.path(name).name == name


def test_an_altered_file_is_not_shown(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, VAULT)
    name = store.write(b"roof")
    store.path(name).write_bytes(store.path(name).read_bytes()[:-1] + b"x")
    with pytest.raises(SealError):
        store.read(name)
    with pytest.raises(FileNotFoundError):
        store.read("0" * 64)


async def test_a_file_is_registered_once_from_both_doors(database: Database) -> None:
    async with database.write() as conn:
        for _ in range(2):
            await register(conn, "a" * 64, size=4, content_type="image/jpeg", now=START)
    async with transaction(database, START) as tx, tx.session() as session:
        Media(session).keep("a" * 64, 4, content_type="image/jpeg")
        Media(session).keep("b" * 64, 4, content_type="image/jpeg")
    async with database.read() as conn:
        assert len((await conn.execute(sa.select(media))).all()) == 2


ROSTER = Roster(
    [
        Household(id=number, number=number, village=village, group_name="一屯", head=head, kind="一般户")
        for number, village, head in (
            (1001, BAITA, "张三"),
            (1002, BAITA, "张桂兰"),
            (1003, BAITA, "曾国强"),
            (1004, BAITA, "刘伟"),
            (1005, BAITA, "刘伟"),
            (2001, WAFANG, "张三"),
        )
    ]
)


@pytest.mark.parametrize(
    ("wanted", "regions", "found"),
    [
        ("张三", [BAITA], [1001]),
        ("张三", [BAITA, WAFANG], [1001, 2001]),
        ("张三", ["220881100"], [1001, 2001]),
        ("zs", [BAITA], [1001]),
        ("ZS", [WAFANG], [2001]),
        ("zgq", [BAITA], [1003]),  # 曾 as a surname is zeng
        ("刘伟", [BAITA], [1004, 1005]),
        ("1005", [BAITA], [1005]),
        ("2001", [BAITA], []),  # another village's
        ("桂兰", [BAITA], [1002]),
        ("张", [BAITA], [1001, 1002]),
        ("张三", [], []),
        ("赵六", [BAITA], []),
        ("99999999999999999999", [BAITA], []),
        ("１００１", [BAITA], [1001]),
    ],
)
def test_a_household_is_found_by_what_a_thumb_types(wanted: str, regions: list[str], found: list[int]) -> None:
    assert [household.number for household in ROSTER.search(wanted, regions)] == found


@pytest.mark.parametrize(
    ("village", "name", "tail", "found"),
    [
        (BAITA, "张三", "001X", [1001]),
        (BAITA, "张三", "001x", [1001]),
        (BAITA, "张三", "1001", [1001]),  # of the phone
        (BAITA, "张三", "1002", []),
        (BAITA, "李四", "001X", []),
        (WAFANG, "张三", "001X", [2001]),  # another family of the same name and ending
        (WAFANG, "张三", "1001", []),
    ],
)
async def test_a_household_is_claimed_by_name_and_four_digits(
    town: Town, village: str, name: str, tail: str, found: list[int]
) -> None:
    async with town.transaction() as tx, tx.session() as session:
        claimed = await Store(session).households.claimed_by(village, name, tail=tail)
    assert [household.number for household in claimed] == found


async def test_a_talk_is_kept_sealed_and_comes_back_whole(town: Town) -> None:
    talk = Talk(new_id(), "test:李村", town.people["李村"], "report", START)
    talk.answers = {"detail": "尿毒症", "kinds": ["medical"]}
    async with town.database.write() as conn:
        await save(conn, rows_of(VAULT, [talk]))
    async with town.database.read() as conn:
        ((kept,),) = (await open_talks(conn, VAULT, ["test:李村"], Damage()))[0].values()
    assert (kept.answers, kept.name) == (talk.answers, "report")
