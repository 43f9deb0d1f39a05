"""One odd message, chat or letter is dealt with alone: in at the door, at its turn, and out again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.strangers import Strangers
from bot.delivery.worker import MAX_TRIES
from bot.platforms.base import Unstorable
from bot.platforms.telegram.intake import Reception
from bot.platforms.telegram.updates import UpdateContent
from handlers.engine.chat import Chat
from handlers.engine.desk import MOST_DRAFTS, MOST_OPEN
from handlers.engine.putting_aside import SORRY
from handlers.files.characters import fit_for_file
from handlers.files.columns import Kind, LedgerColumn
from handlers.files.workbooks import write_ledger
from storage.mail import inbox, outbox, talks
from storage.mail.downloads import Downloads
from storage.mail.inbox import EACH
from storage.mail.messages import Button, Incoming, Outgoing, SentFile, pack, storable, unpack
from tests.support.conversations import Breaking, form, known_as
from tests.support.tables import cells
from tests.support.town import START, Town

LI, ZHAO = "test:李村", "test:赵村"
ANY = st.text(st.characters(exclude_categories=()))
"""Any text that a program can hold, halves of characters and all."""


def message(address: str, text: str, key: str | None = None) -> Incoming:
    return Incoming(address=address, key=key or f"{address}:{text}", at=START, text=text)


def unstorable(address: str) -> Incoming:
    """As a platform might make it that checks nothing."""
    return message(address, "/me", f"{address}:bad").model_copy(update={"contact_phone": "\ud83d"})


async def kept(town: Town) -> list[str]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(inbox.inbox.c.key).order_by(inbox.inbox.c.key))).scalars())


# What comes in ------------------------------------------------------------------------------------------------------


@given(ANY)
def test_whatever_comes_in_can_be_stored_and_sent_on(text: str) -> None:
    clean = storable(text)
    assert storable(clean) == clean
    clean.encode()
    assert not {"\0", "\ufffe", "\uffff", "\ufdd0", "\U0010ffff"} & set(clean)
    one = Incoming(address="web:1", key="k", at=START, text=text, files=(SentFile(sha256="a", kind="document", name=text),))
    assert Incoming.model_validate_json(one.model_dump_json()).text == clean
    assert unpack(pack(Outgoing(text=text, buttons=((Button(text, text),),), file_name=text))).text in (text, clean)


@given(ANY)
def test_whatever_is_kept_can_be_written_into_an_office_file(text: str) -> None:
    column = LedgerColumn("说明", Kind.TEXT)
    content = write_ledger("台账", "台账", columns=[column], rows=[(text,)], notes=[("范围", text)])
    written = str(cells(content)[2][1] or "")
    assert written.split() == fit_for_file(text).replace("\r", "\n").split() or "_x" in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("漏雨了", "漏雨了"),
        ("\ud83d\ude00", "😀"),
        ("张\ud83d三", "张三"),
        ("\udc00", ""),
        ("a\0b", "ab"),
        ("\ufffe好\uffff", "好"),
        ("第一行\n第二行\t", "第一行\n第二行\t"),
    ],
)
def test_what_no_database_takes_is_left_out_and_the_rest_stays(text: str, clean: str) -> None:
    assert storable(text) == clean


async def test_a_name_with_half_a_character_blocks_nobody(town: Town) -> None:
    named = SentFile(sha256=await town.keep(b"x", "text/plain"), kind="document", name="\ud83d名单.txt")
    await town.intake.put([message(LI, "/me\ud83d").model_copy(update={"files": (named,)}), message(ZHAO, "/me")])
    await town.settle()
    assert len(town.unread("李村")) == 1
    assert "赵村" in town.unread("赵村")[0]


async def test_each_caller_hears_of_its_own_messages_only(town: Town) -> None:
    heard = await asyncio.gather(
        town.intake.put([message(LI, "/me")]),
        town.intake.put([unstorable(ZHAO), message(ZHAO, "/help")]),
        town.intake.put([message(LI, "/todo")]),
        return_exceptions=True,
    )
    assert heard[0] is heard[2] is None
    assert isinstance(heard[1], Unstorable)
    assert [one.key for one in heard[1].messages] == ["test:赵村:bad"]
    assert await kept(town) == ["test:李村:/me", "test:李村:/todo", "test:赵村:/help"], "the rest of its own call too"


async def test_an_update_that_cannot_be_stored_is_not_offered_for_ever(town: Town) -> None:
    answered: list[str] = []

    async def moved(_: Any) -> None:
        """Nobody has blocked us."""

    strangers = Strangers(town.database, town.clock)
    reception = Reception(
        town.intake.put,
        Mock(),
        Mock(),
        Downloads(town.database, town.clock, "test:"),
        strangers,
        moved,
        answered.append,
        town.clock,
    )
    await reception.store([UpdateContent(1, ZHAO, unstorable(ZHAO), query="q"), UpdateContent(2, LI, message(LI, "/me"))])
    assert await kept(town) == ["test:李村:/me"]
    assert answered == ["q"]


def test_an_address_or_key_longer_than_its_column_is_refused_where_it_is_read() -> None:
    with pytest.raises(ValueError, match="at most 120"):
        message(LI, "x", "k" * 121)
    with pytest.raises(ValueError, match="at most 80"):
        message("test:" + "x" * 80, "x")


# Turns --------------------------------------------------------------------------------------------------------------


async def test_a_chat_with_thousands_waiting_takes_nobodys_turn(town: Town) -> None:
    await town.intake.put([message(LI, f"/me {number}", f"li:{number}") for number in range(1000)])
    await town.intake.put([message(ZHAO, "/me"), message("test:周镇", "/me")])
    assert await town.worker.work() == EACH + 2
    await town.sender.drain()
    assert {address for address, _ in town.platform.sent} == {LI, ZHAO, "test:周镇"}


async def test_the_order_within_a_flooding_chat_is_kept(town: Town) -> None:
    said: list[str] = []

    async def note(chat: Chat) -> None:
        said.append(chat.args)
        await chat.say("好")

    with known_as("note", note):
        await town.intake.put([message(LI, f"/note {number}", f"li:{number}") for number in range(3 * EACH + 1)])
        await town.settle()
    assert said == [str(number) for number in range(3 * EACH + 1)]


async def test_a_claim_reads_the_waiting_by_their_index(town: Town) -> None:
    """Also where a million have been worked on: only what waits is looked at."""
    values = {"platforms": ["test"], "now": START, "most": 256, "served": [LI], "after": 7}
    statement = inbox._WAITING.params(values)
    async with town.database.read() as conn:
        compiled: Any = statement.compile(dialect=conn.dialect)
        made = compiled.construct_expanded_state()
        convert = compiled._bind_processors
        given = tuple(convert.get(name, lambda value: value)(made.parameters[name]) for name in made.positiontup)
        if town.database.is_sqlite:
            plan = str((await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {made.statement}", given)).all())
            assert "SEARCH inbox USING INDEX ix_inbox_new" in plan
        else:
            await conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = str((await conn.exec_driver_sql(f"EXPLAIN {made.statement}", given)).all())
            assert "ix_inbox_new" in plan
        assert "TEMP B-TREE" not in plan, "in the order of the index"


# Talks --------------------------------------------------------------------------------------------------------------


async def states(town: Town) -> list[str]:
    async with town.database.read() as conn:
        return list((await conn.execute(sa.select(talks.talks.c.state))).scalars())


async def test_at_most_so_many_talks_are_open_and_the_oldest_is_put_aside(town: Town) -> None:
    with known_as("form", form):
        for number in range(MOST_OPEN):
            assert len(await town.say("李村", f"/form {number}")) == 1
            town.now += timedelta(minutes=1)
        heard = await town.say("李村", "/form more")
        assert heard[0] == "没办完的事太多，最早的「试一试」先放着，已答的都留着。 [继续]"
        assert sorted(await states(town)).count(talks.DRAFT) == 1
        assert len(await states(town)) == MOST_OPEN + 1
        assert heard[1].startswith("姓名？")


async def test_drafts_are_kept_to_a_number_and_it_is_said(town: Town) -> None:
    with known_as("form", form):
        for number in range(MOST_OPEN + MOST_DRAFTS):
            await town.say("李村", f"/form {number}")
        heard = await town.say("李村", "/form more")
    assert f"放着没办的超过 {MOST_DRAFTS} 件" in heard[1]
    found = await states(town)
    assert (found.count(talks.DRAFT), len(found)) == (MOST_DRAFTS, MOST_OPEN + MOST_DRAFTS)


async def test_a_talk_that_can_never_go_on_lets_its_owner_go_on(town: Town) -> None:
    with known_as("form", Breaking(*[RuntimeError("broken")] * 2 * MAX_TRIES)):
        for said in ("/form", "李四", "30"):
            await town.say("李村", said)
        await retried(town)
        assert "请再发一次" in town.unread("李村")[-1]
        await town.say("李村", "31")
        await retried(town)
        assert town.unread("李村")[-1] == f"{SORRY}「试一试」先放着，已答的都留着。办别的事不受影响。 [继续]"
        assert "李村" in (await town.say("李村", "/me"))[0]
        assert (await town.press("李村", "继续"))[0].startswith("年龄？")


async def retried(town: Town) -> None:
    for _ in range(MAX_TRIES):
        town.now += timedelta(minutes=2)
        await town.settle()


async def test_an_apology_that_cannot_be_written_stops_nobody(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object) -> None:
        raise RuntimeError("no apology")

    async def unwritable(chat: Chat) -> None:
        outbox.post(chat.store.session, chat.address, Outgoing(text="好"), priority=2**80)

    monkeypatch.setattr(talks, "active_talk", lost)
    with known_as("unwritable", unwritable):
        await town.intake.put([message(LI, "/unwritable"), message(ZHAO, "/me")])
        await retried(town)
    assert "赵村" in town.unread("赵村")[0]
    async with town.database.read() as conn:
        assert [dead.address for dead in await inbox.dead_letters(conn)] == [LI]


# What goes out ------------------------------------------------------------------------------------------------------


async def test_a_letter_that_no_platform_can_encode_fails_alone(town: Town) -> None:
    town.platform.fails = [UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed")]
    async with town.transaction() as tx, tx.session("test", "post") as session:
        for text in ("一", "二"):
            outbox.post(session, LI, Outgoing(text=text))
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["二"]


async def test_a_letter_that_cannot_be_read_fails_alone_and_the_office_hears_of_it(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "post") as session:
        letter = outbox.post(session, LI, Outgoing(text="一"))
        outbox.post(session, LI, Outgoing(text="二"))
    async with town.database.write() as conn:
        await conn.execute(outbox.outbox.update().where(outbox.outbox.c.id == letter).values(payload=b"\x01rubbish"))
    await town.sender.drain()
    assert [sent.text for _, sent in town.platform.sent] == ["二"]
    async with town.database.read() as conn:
        assert await outbox.troubles_since(conn, START - timedelta(days=1)) == (0, 0), "not counted twice"
        (trouble,) = await outbox.troubles(conn)
    assert (trouble.id, trouble.state, trouble.error) == (letter, outbox.FAILED, outbox.UNREADABLE)
