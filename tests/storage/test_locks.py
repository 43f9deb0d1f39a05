"""A frozen or locked neighbour: whoever does not need what it holds goes on, whoever does is told in time."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from bot.delivery.intake import Intake, NotStored
from bot.delivery.lasting import lasting
from bot.delivery.worker import MAX_TRIES
from handlers.engine.chat import Chat
from storage.database.connection import Database
from storage.database.limits import SERVICE, Limits
from storage.database.outages import passes
from storage.database.reading import Damage
from storage.database.write_lock import WriteLock
from storage.mail import inbox
from storage.mail.chats import chats
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Incoming
from tests.support.conversations import Breaking, form, known_as
from tests.support.town import START, VAULT, Town

LI, ZHAO = "test:李村", "test:赵村"

SHORT = replace(SERVICE, lock=0.3)


def message(address: str, text: str) -> Incoming:
    return Incoming(address=address, key=f"{address}:{text}", at=START, text=text)


@contextlib.asynccontextmanager
async def opened(url: str, limits: Limits = SERVICE) -> AsyncIterator[Database]:
    database = Database(url, VAULT, limits)
    yield database
    await database.close()


@contextlib.asynccontextmanager
async def frozen(database: Database, address: str) -> AsyncIterator[None]:
    """Somebody's transaction that has locked a chat as strictly as can be, and does nothing more."""
    async with database.patient.engine.connect() as conn:
        await conn.execute(sa.select(chats).where(chats.c.address == address).with_for_update())
        yield


async def stored(database: Database) -> set[str]:
    async with database.read() as conn:
        return set((await conn.execute(sa.select(inbox.inbox.c.key))).scalars())


# PostgreSQL ----------------------------------------------------------------------------------------------------------


@pytest.mark.postgres_only
async def test_two_services_never_lock_each_other_out(
    town: Town, database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each works on the mail of a chat and writes to the other's, at the same time, again and again."""
    rounds = 10
    came, both = asyncio.Event(), asyncio.Barrier(2)

    async def tell(chat: Chat) -> None:
        came.set()
        await both.wait()
        other = town.people["赵村" if chat.address == LI else "李村"]
        await chat.push([other], "有事", Intent(Cause.CLUE, f"{next(news)}"))

    news = itertools.count()
    second = Town(database_url, tmp_path)
    try:
        with known_as("tell", tell):
            for turn in range(rounds):
                came.clear()
                await town.intake.put([message(LI, f"/tell {turn}")])
                working = asyncio.create_task(town.worker.work())
                await came.wait()  # so that the second one finds only the other chat free
                await town.intake.put([message(ZHAO, f"/tell {turn}")])
                async with asyncio.timeout(30):
                    await asyncio.gather(working, second.worker.work())
        await town.settle()
    finally:
        await second.close()
    assert "deadlock" not in caplog.text
    assert len(town.platform.sent) == 2 * rounds


@pytest.mark.postgres_only
async def test_a_transaction_frozen_over_mail_keeps_no_mail_out(town: Town) -> None:
    await town.intake.put([message(LI, "/me")])
    async with town.database.write() as conn:
        claimed, _ = await inbox.claim(conn, VAULT, ["test"], START, 10, Damage())
        assert list(claimed) == [LI]
        await town.intake.put([message(LI, "还有一句"), message(ZHAO, "/me")])


@pytest.mark.postgres_only
async def test_a_locked_chat_is_told_and_all_others_are_stored(town: Town, database_url: str) -> None:
    async with opened(database_url, SHORT) as database:
        intake = Intake(database, town.clock, lambda: None)
        async with frozen(town.database, LI):
            for text in ("一", "二"):
                locked, free = await asyncio.gather(
                    intake.put([message(LI, text)]), intake.put([message(ZHAO, text)]), return_exceptions=True
                )
                assert isinstance(locked, NotStored)
                assert free is None
        assert await stored(database) == {f"{ZHAO}:一", f"{ZHAO}:二"}
        await intake.put([message(LI, "一")])
        assert len(await stored(database)) == 3


@pytest.mark.postgres_only
async def test_a_transaction_frozen_with_locks_is_ended_by_the_server(town: Town, database_url: str) -> None:
    async with opened(database_url, replace(SERVICE, idle=0.3)) as neighbour, neighbour.engine.connect() as conn:
        await conn.execute(sa.select(chats).with_for_update())
        async with town.database.patient.write() as ours:  # waits for the server to end the other one
            await ours.execute(chats.update().values(last_seen=START))
        with pytest.raises(DBAPIError):
            await conn.execute(sa.select(1))


@pytest.mark.postgres_only
async def test_a_server_that_stops_answering_is_noticed_and_a_new_connection_made(town: Town, database_url: str) -> None:
    async with opened(database_url, replace(SERVICE, answer=0.5)) as database:
        async with database.read() as conn:
            process = (await conn.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises((DBAPIError, TimeoutError)):
                async with database.read() as conn:
                    await conn.execute(sa.select(1))
            async with database.read() as conn:
                assert (await conn.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one() != process
        finally:
            os.kill(process, signal.SIGCONT)


@pytest.mark.postgres_only
async def test_a_connection_that_the_server_ends_is_nobodys_fault_and_not_used_again(town: Town, database_url: str) -> None:
    end = sa.text("SELECT pg_terminate_backend(:process)")
    async with opened(database_url) as database:
        for _ in range(5):
            async with contextlib.AsyncExitStack() as stack:
                conn = await stack.enter_async_context(database.engine.connect())
                process = (await conn.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
                async with town.database.read() as other:
                    await other.execute(end, {"process": process})
                with pytest.raises(DBAPIError) as raised:
                    await conn.execute(sa.select(1))
                assert passes(raised.value)
            async with database.write() as conn:
                await conn.execute(chats.update().values(last_seen=START))


@pytest.mark.postgres_only
async def test_long_work_is_not_cut_off(town: Town, database_url: str) -> None:
    slow = sa.text("SELECT pg_sleep(0.6)")
    async with opened(database_url, replace(SERVICE, statement=0.2)) as database:
        with pytest.raises(DBAPIError):
            async with database.read() as conn:
                await conn.execute(slow)
        async with database.patient.write() as conn:
            await conn.execute(slow)


@pytest.mark.postgres_only
async def test_a_pool_in_full_use_is_trouble_that_passes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = asyncio.Event()

    async def work() -> None:
        if tried.is_set():
            raise asyncio.CancelledError
        tried.set()
        async with database.read():
            pass

    monkeypatch.setattr(database.engine.sync_engine.pool, "_timeout", 0.1)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(database.engine.connect())
        with pytest.raises(asyncio.CancelledError):
            await lasting("test", work)


# SQLite --------------------------------------------------------------------------------------------------------------

_LOCK_FILE = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
other.execute("ROLLBACK")
"""

_HOLD_LOCK = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def another_program(code: str, path: str) -> Iterator[subprocess.Popen[str]]:
    """Runs until a line is written to it."""
    with subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def _let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.sqlite_only
async def test_the_loop_goes_on_while_another_program_has_locked_the_file(town: Town) -> None:
    with another_program(_LOCK_FILE, str(town.database.url.database)) as process:
        putting = asyncio.create_task(town.intake.put([message(LI, "/me")]))
        for _ in range(20):
            async with town.database.read() as conn:
                await conn.execute(sa.select(1))
        assert not putting.done()
        _let_go(process)
        await putting
    await town.settle()
    assert town.unread("李村") != []


@pytest.mark.sqlite_only
async def test_a_frozen_process_with_the_write_lock_is_said_and_waited_for_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "writer"
    lock = WriteLock(path, longest_wait=0.2)
    with another_program(_HOLD_LOCK, str(path)) as process:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with lock:
                    raise AssertionError("it is not ours")
        assert re.search("kept the write lock", caplog.text)
        _let_go(process)
        process.wait()
    await _until_free(path)  # what was given up is not held for nobody
    async with lock:
        assert not _free(path)
    assert _free(path)
    lock.close()


def _free(path: Path) -> bool:
    with path.open("w") as file, contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


async def _until_free(path: Path) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(_free, path):
            continue


# Both ----------------------------------------------------------------------------------------------------------------


async def test_who_waits_too_long_is_told_and_what_comes_again_is_the_same_message(town: Town) -> None:
    intake = Intake(town.database, town.clock, town.worker.wake, put_within=0.2)
    async with _slow(town.database, intake) as go_on:
        with pytest.raises(NotStored):
            await intake.put([message(LI, "/me")])
        go_on.set()
    await intake.put([message(LI, "/me")])
    assert await stored(town.database) == {f"{LI}:/me"}


async def test_a_caller_that_is_cancelled_takes_no_other_with_it(town: Town) -> None:
    intake = Intake(town.database, town.clock, town.worker.wake)
    async with _slow(town.database, intake) as go_on:
        first = asyncio.create_task(intake.put([message(LI, "一")]))
        await asyncio.sleep(0)
        cancelled, kept = (asyncio.create_task(intake.put([message(ZHAO, text)])) for text in ("二", "三"))
        await asyncio.sleep(0)
        cancelled.cancel()
        go_on.set()
        await asyncio.gather(first, kept)
    assert await stored(town.database) == {f"{LI}:一", f"{ZHAO}:三"}


@contextlib.asynccontextmanager
async def _slow(database: Database, intake: Intake) -> AsyncIterator[asyncio.Event]:
    """The intake's database takes nothing until the event is set."""
    go_on = asyncio.Event()
    write = database.write

    @contextlib.asynccontextmanager
    async def waiting(*, brief: bool = False) -> AsyncIterator[object]:
        await go_on.wait()
        async with write(brief=brief) as conn:
            yield conn

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", waiting)
        yield go_on
        if intake._storing is not None:
            await intake._storing


async def test_a_message_that_waited_for_a_lock_in_vain_is_not_to_blame(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    errors = [DBAPIError("UPDATE", {}, busy) for _ in range(2 * (MAX_TRIES + 2))]
    with known_as("form", Breaking(*errors)), known_as("other", form):
        await town.say("李村", "/form")
        await town.say("李村", "李四")
        await town.intake.put([message(LI, "30"), message(ZHAO, "/other")])
        await town.worker.work()
        await town.settle()
        assert town.unread("赵村") == ["姓名？ [取消]"]
        for _ in range(MAX_TRIES + 2):
            town.now = town.now.replace(minute=town.now.minute + 1)
            await town.settle()
        assert town.unread("李村")[-1] == "存了：李四 30"
    async with town.database.read() as conn:
        assert await inbox.dead_letters(conn) == []
