"""What the benchmarks run on: a county of villages with two cadres and a chat each, and our delivery as in production."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import sqlalchemy as sa

from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Count, Worker
from bot.delivery.worker_process import WorkerProcess
from bot.platforms.base import Platform
from bot.service.clock import system_clock
from handlers.engine.world import World
from storage.database.base import new_id
from storage.database.connection import Database, sqlite_url
from storage.database.tables import all_tables
from storage.database.transaction import transaction
from storage.files.media import MediaStore
from storage.mail.chats import chat_row, chats
from storage.people.persons import Role
from storage.plan import Plan, builtin_plans, load_plan
from storage.plan.parts import Region
from storage.roster import household_row, households
from storage.store import Store
from tests.bench.peers import FIRST_CHAT
from tests.support.town import VAULT

CADRES = 2
"""Cadres a village, so each report is pushed to the other one."""


def county_plan(villages: int) -> Plan:
    """The built-in plan with as many villages as are wanted."""
    plan = load_plan(builtin_plans()["wafang-2022"])
    parts = {name: getattr(plan, name) for name in Plan.model_fields}
    named = tuple(Region(code=f"{220881000000 + place}", name=f"村{place}") for place in range(villages))
    return Plan.model_construct(**parts | {"villages": named})


@contextlib.asynccontextmanager
async def opened_worker(path: Path, villages: int, tell: Callable[[Count], None]) -> AsyncIterator[Worker]:
    """The worker, in a process of its own."""
    database = Database(sqlite_url(path), VAULT)
    world = World(county_plan(villages), MediaStore(path.parent / "media", VAULT))
    yield Worker(database, world, ["telegram"], system_clock, tell, dedicated=True)
    await database.close()


class County:
    """`chats` cadres, each with `reports` households of their own to report."""

    def __init__(self, folder: Path, chats: int, reports: int) -> None:
        self.chats = chats
        self.reports = reports
        self.path = folder / "county.db"
        self.villages = max(1, chats // CADRES)
        self.database = Database(sqlite_url(self.path), VAULT)

    async def found(self, known_chats: int = 0) -> None:
        """Fill the database; `known_chats` more chats are known and silent."""
        async with self.database.engine.begin() as conn:
            await conn.run_sync(all_tables().create_all)
        codes = [village.code for village in county_plan(self.villages).villages]
        async with transaction(self.database, system_clock()) as tx, tx.session("bench", "found") as session:
            people = [Store(session).people.add(f"干部{place}") for place in range(self.chats)]
            for place, person_id in enumerate(people):
                village = codes[place % self.villages]
                Store(session).people.appoint(person_id, Role.VILLAGE, region=village)
                session.add(chats, chat_row(f"telegram:{FIRST_CHAT + place}", now=session.now, person_id=person_id))
                for report in range(self.reports):
                    row = {
                        "number": place * self.reports + report + 1,
                        "village": village,
                        "group_name": "一屯",
                        "head": f"农户{place}",
                        "helper_id": people[(place + self.villages) % self.chats],
                    }
                    session.add(households, household_row(new_id(), row))
            for place in range(known_chats):
                session.add(chats, chat_row(f"telegram:{FIRST_CHAT - 1 - place}", now=session.now))
            session.touch("people")
            session.touch("roster")

    async def busy(self) -> bool:
        """Whether messages are still to be worked on or sent."""
        query = sa.text(
            "select exists (select 1 from inbox where state = 'new')"
            " or exists (select 1 from outbox where state = 'pending')"
            " or exists (select 1 from outbox where state = 'sending')"
        )
        async with self.database.read(brief=True) as conn:
            return bool((await conn.execute(query)).scalar_one())

    def staff(self, platform: Platform) -> tuple[Intake, Sender, WorkerProcess]:
        """Delivery as `cunbao run` has it."""
        sender = Sender(self.database, [platform], system_clock, "bench")
        worker = WorkerProcess(functools.partial(opened_worker, self.path, self.villages), lambda _: sender.wake())
        return Intake(self.database, system_clock, worker.wake), sender, worker
