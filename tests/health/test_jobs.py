"""A job goes matter by matter: the fault of one is undone and told alone, and over when that matter succeeds."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.service.jobs import Jobs
from bot.setup.installation import Installation
from handlers.cases import follow_up_job
from handlers.engine.jobs import Every, Job, JobName, each, each_alone, run_job
from handlers.engine.world import World
from handlers.problems.common import place_in_words
from handlers.reminders import finders
from handlers.reminders import job as remind
from handlers.weekly import job as weekly
from handlers.weekly.common import village_of
from storage.database.base import SHANGHAI
from storage.database.transaction import Transaction
from storage.database.troubles import open_troubles
from storage.mail import outbox
from storage.mail.messages import Outgoing
from storage.store import Store
from tests.support.cases import TO_CLEARED, TO_SUPPORT, case_after, go_on, helped
from tests.support.problems import add
from tests.support.town import Town

MORNING = datetime(2022, 10, 13, 7, 30, tzinfo=SHANGHAI)

WEEKLY = JobName("weekly", "周报")
SCREENING = JobName("screening", "导入筛查名单")


async def words(town: Town) -> dict[str, str]:
    async with town.database.read() as conn:
        return {trouble.key: trouble.words for trouble in await open_troubles(conn)}


class Failing:
    """Stands in for a function, and raises for calls of which `about` is true, as long as `broken`."""

    def __init__(self, real: Any, about: Any) -> None:
        self.real, self.about, self.broken = real, about, True

    def __call__(self, *args: Any, **more: Any) -> Any:
        if self.broken and self.about(*args, **more):
            raise RuntimeError("one matter")
        return self.real(*args, **more)


async def test_one_persons_fault_keeps_no_reminder_from_the_others(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(town, deadline=date(2022, 10, 13))
    broken = Failing(remind._message, lambda world, person_id, *_: person_id == town.people["李村"])
    monkeypatch.setattr(remind, "_message", broken)
    town.now = MORNING
    await town.tick()
    assert "1号问题" in town.unread("赵村")[0]
    assert town.unread("李村") == []
    key = f"job:remind:{town.people['李村']}"
    assert await words(town) == {key: "提醒：有一件没做成，已先放在一边，其他照常。"}

    broken.broken = False
    town.now += timedelta(days=1)
    await town.tick()
    assert "1号问题" in town.unread("李村")[0], "what was due is not lost"
    assert await words(town) == {}


async def test_one_matter_that_cannot_be_told_keeps_no_other_from_being_told(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await add(town, "坏了", deadline=date(2022, 10, 13)), await add(town, "好的", deadline=date(2022, 10, 13))
    broken = Failing(place_in_words, lambda world, problem: problem.id == bad.id)
    monkeypatch.setattr(finders, "place_in_words", broken)
    town.now = MORNING
    await town.tick()
    heard = town.unread("李村")[0]
    assert f"{good.number}号问题" in heard
    assert f"{bad.number}号问题" not in heard
    assert list(await words(town)) == [f"job:remind:problem:{bad.id}"]

    broken.broken = False
    town.now += timedelta(days=1)
    await town.tick()
    assert f"{bad.number}号问题" in town.unread("李村")[0]
    assert await words(town) == {}


async def test_one_persons_fault_keeps_no_weekly_report_from_the_others(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weekly, "village_of", Failing(village_of, lambda person: person.name == "李村"))
    town.now = datetime(2022, 10, 14, 15, 0, tzinfo=SHANGHAI)
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        assert await weekly.tell(tx, town.world) == 2
    await town.settle()
    assert (town.unread("李村"), len(town.unread("赵村")), len(town.unread("孙村"))) == ([], 1, 1)
    assert list(await words(town)) == [f"job:weekly:{town.people['李村']}"]


async def test_one_households_fault_keeps_no_family_from_being_asked(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    for number in (1001, 1002):
        case = await case_after(town, TO_SUPPORT, number=number)
        await helped(town, case)
        closed.append(await go_on(town, case, TO_CLEARED))
    town.now += timedelta(days=60)
    town.now = town.now.replace(hour=9)
    while not (1 <= town.now.isoweekday() <= 5):
        town.now += timedelta(days=1)
    monkeypatch.setattr(follow_up_job, "_question", Failing(follow_up_job._question, lambda clue: clue.id == closed[0].id))
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        assert await follow_up_job.ask(tx, town.world) == 1
    assert list(await words(town)) == [f"job:ask_again:{closed[0].id}"]


async def posting(town: Town, tx: Transaction) -> Any:
    """Deals with three people; the letter of the second is one that no database takes."""

    async def post(store: Store, name: str) -> int:
        priority = 2**80 if name == "赵村" else 0
        outbox.post(store.session, f"test:{name}", Outgoing(text="好"), priority=priority)
        return 1

    return await each(tx, WEEKLY, {name: name for name in ("李村", "赵村", "孙村")}, post)


async def test_a_row_that_no_database_takes_is_found_out_and_the_others_are_written(town: Town) -> None:
    tried: list[bool] = []

    async def run(tx: Transaction, _: World) -> int:
        tried.append(tx.careful)
        return int((await posting(town, tx)).done)

    def begin() -> AbstractAsyncContextManager[Transaction]:
        return town.transaction()

    assert await run_job(Job(WEEKLY, Every(60), run), begin, town.world) == 2
    assert tried == [False, True]
    await town.settle()
    assert (town.unread("李村"), town.unread("赵村"), town.unread("孙村")) == (["好"], [], ["好"])
    assert list(await words(town)) == ["job:weekly:赵村"]


async def test_a_long_jobs_matter_rests_after_it_failed(town: Town) -> None:
    tried: list[str] = []

    async def work(name: str) -> int:
        tried.append(name)
        if name == "bad":
            raise RuntimeError
        return 1

    for _ in range(3):
        assert await each_alone(town.transactions, SCREENING, {"bad": "bad", "good": "good"}, work) == 1
    assert tried == ["bad", "good", "good", "good"]
    town.now += timedelta(minutes=11)
    await each_alone(town.transactions, SCREENING, {"bad": "bad"}, work)
    assert tried[-1] == "bad"
    assert await words(town) == {"job:screening:bad": "导入筛查名单：有一件没做成，已先放在一边，其他照常。"}


async def test_a_job_that_fails_as_a_whole_is_told_until_it_succeeds(town: Town) -> None:
    broken = True

    async def run(_: Transaction, __: World) -> int:
        if broken:
            raise RuntimeError("all of it")
        return 1

    settings = SimpleNamespace(keep_messages_days=30, keep_drafts_days=30)
    installation = SimpleNamespace(settings=settings, database=town.database, world=town.world)
    jobs = Jobs(cast(Installation, installation), town.clock, lambda: None)
    job = Job(WEEKLY, Every(60), run)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="all of it"):
            await jobs.run(job)
    assert await words(town) == {"job:weekly": "周报没做成，到时候再试。"}
    broken = False
    await town.restart()
    installation = SimpleNamespace(settings=settings, database=town.database, world=town.world)
    await Jobs(cast(Installation, installation), town.clock, lambda: None).run(job)
    assert await words(town) == {}
