"""Who gets what nobody asked for: each person once, and for those on leave who stands in for them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from handlers.engine.notify import notify
from storage.mail.intents import Cause, Intent
from storage.mail.messages import Outgoing
from storage.people.persons import Role
from storage.store import Store
from tests.support.town import START, Town

pytestmark = pytest.mark.sqlite_only

NEWS = Intent(Cause.PROBLEM, "7:submit:2")


async def tell(town: Town, *names: str, text: str = "一件事", **how: Any) -> int:
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        async with tx.session("test", "tell") as session:
            messages = {town.people[name]: Outgoing(text=f"{name}：{text}") for name in names}
            queued = await notify(Store(session), town.world, messages=messages, intent=NEWS, **how)
    await town.settle()
    return len(queued)


async def on_leave(town: Town, name: str, deputy: str | None) -> None:
    async with town.transaction() as tx, tx.session("test", "leave") as session:
        stands_in = town.people[deputy] if deputy else None
        Store(session).leaves.take(town.people[name], START.date(), last=date(2022, 10, 14), deputy_id=stands_in)


async def test_each_gets_their_own(town: Town) -> None:
    assert await tell(town, "李村", "周镇") == 2
    assert (town.unread("李村"), town.unread("周镇")) == (["李村：一件事"], ["周镇：一件事"])


async def test_what_is_for_somebody_on_leave_goes_to_who_stands_in(town: Town) -> None:
    await on_leave(town, "李村", "赵村")
    assert await tell(town, "李村") == 1
    assert town.unread("李村") == []
    assert town.unread("赵村") == ["李村：一件事 / (李村请假，转给您)"]


async def test_where_nobody_stands_in_the_others_know_and_else_the_town(town: Town) -> None:
    await on_leave(town, "李村", None)
    assert await tell(town, "李村", "赵村") == 1
    assert town.unread("赵村") == ["赵村：一件事"]
    assert await tell(town, "李村") == 2
    assert town.unread("吴镇") == ["李村：一件事 / (李村请假，转给您)"]


async def test_what_is_personal_waits_for_nobody(town: Town) -> None:
    await on_leave(town, "李村", "赵村")
    assert await tell(town, "李村", personal=True) == 1
    assert (town.unread("李村"), town.unread("赵村")) == (["李村：一件事"], [])


async def test_who_did_it_is_not_told_in_somebodys_place_either(town: Town) -> None:
    await on_leave(town, "李村", "赵村")
    assert await tell(town, "李村", "赵村", by=town.people["赵村"]) == 0
    assert town.unread("赵村") == []


async def test_who_was_told_is_left_out(town: Town) -> None:
    assert await tell(town, "李村") == 1
    assert await tell(town, "李村", "孙村", unless_told=True) == 1
    assert (len(town.unread("李村")), len(town.unread("孙村"))) == (1, 1)


async def test_a_household_is_told_where_it_can_be_written_to(town: Town) -> None:
    async with town.transaction() as tx, tx.session("test", "family") as session:
        town.people["张三"] = Store(session).people.add("张三")
        Store(session).people.appoint(town.people["张三"], Role.HOUSEHOLD, region="220881100203")
    assert await tell(town, "张三") == 0
