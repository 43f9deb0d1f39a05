"""What the town's overview costs, over a small town and over one ten times as large."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from handlers.engine.world import World
from handlers.reports.overview import as_text
from storage.cases.records import ClueSource, clues
from storage.cases.steps import Step
from storage.database.base import new_id
from storage.database.connection import Database, sqlite_url
from storage.database.inserts import insert_all
from storage.database.reading import Damage
from storage.database.tables import all_tables
from storage.database.transaction import transaction
from storage.files.media import MediaStore
from storage.people.persons import persons
from storage.plan import builtin_plans, load_plan
from storage.problems.records import problems
from storage.problems.states import ProblemState
from storage.reports.recount import rebuild, recount
from storage.roster import KINDS, households, load_roster
from storage.store import Store
from storage.visits import VisitOutcome, visits
from tests.support.figures import Figure, at_most
from tests.support.town import START, VAULT

_ROUNDS = 300


async def figures() -> list[Figure]:
    """`overview_growth`: 100,000 households and 20,000 problems against 10,000 and 2,000.

    Measured in turn, so that a slow moment of the machine meets both.
    """
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        small = await _Filled.of(Path(one), 10_000, 2_000)
        large = await _Filled.of(Path(other), 100_000, 20_000)
        taken = [(await small.seconds(), await large.seconds()) for _ in range(_ROUNDS)]
        await small.database.close()
        await large.database.close()
    few, many = (statistics.median(column) for column in zip(*taken, strict=True))
    detail = f"over {large.counted:,} rows {many * 1000:.2f} ms, over {small.counted:,} rows {few * 1000:.2f} ms"
    return [at_most("overview_growth", many / few, "x", 1.5, detail)]


@dataclass(frozen=True)
class _Filled:
    """A town with much to count: `counted` rows."""

    database: Database
    world: World
    counted: int

    @classmethod
    async def of(cls, folder: Path, size: int, many: int) -> _Filled:
        database = Database(sqlite_url(folder / "overview.db"), VAULT)
        world = World(load_plan(builtin_plans()["wafang-2022"]), MediaStore(folder / "media", VAULT))
        async with database.engine.begin() as conn:
            await conn.run_sync(all_tables().create_all)
        return cls(database, world, await _fill(database, world, size, many))

    async def seconds(self) -> float:
        """For one overview."""
        async with transaction(self.database, START) as tx, tx.session("bench", "overview") as session:
            start = time.perf_counter()
            await as_text(Store(session), self.world, self.world.plan.town.code, START.date())
            return time.perf_counter() - start


async def _fill(database: Database, world: World, size: int, many: int) -> int:
    """A roster, visits to half of it, a clue for every tenth, and a ledger of problems at all stages."""
    chance = random.Random(1)
    codes = [village.code for village in world.plan.villages]
    async with database.write() as conn:
        person = _row(persons, name="李村", joined_at=START)
        homes = [
            _row(households, number=number, village=chance.choice(codes), group_name="一屯", head="张三")
            | {"kind": chance.choice(KINDS), "able_to_work": True, "nickname": ""}
            for number in range(1, size + 1)
        ]
        await insert_all(
            conn,
            {
                persons: [person],
                households: homes,
                visits: [_visit(home, world, person["id"]) for home in homes[::2]],
                clues: [_clue(number, home, person["id"], chance) for number, home in enumerate(homes[::10])],
                problems: [_problem(number, chance.choice(codes), chance) for number in range(many)],
            },
        )
        await rebuild(conn)
        world.roster = await load_roster(conn, Damage())
        return (await recount(conn)).total()


def _row(table: sa.Table, **values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(table.c.keys()), "id": new_id(), "version": 0, **values}


def _visit(home: dict[str, Any], world: World, person: int) -> dict[str, Any]:
    key = {"household_id": home["id"], "round": world.round, "village": home["village"]}
    return _row(visits, **key, person_id=person, at=START, outcome=VisitOutcome.FINE.value, met=True, note=b"")


def _clue(number: int, home: dict[str, Any], person: int, chance: random.Random) -> dict[str, Any]:
    made = {"number": number, "household_id": home["id"], "village": home["village"], "reporter_id": person}
    stands = {"step": chance.choice(list(Step)).value, "since": START.date(), "begun_on": START.date()}
    source = chance.choice(list(ClueSource)).value
    return _row(
        clues, **made, **stands, source=source, kinds=["housing"], detail=b"", clearing=False, posted=False,
        reported_at=START,
    )  # fmt: skip


def _problem(number: int, village: str, chance: random.Random) -> dict[str, Any]:
    deadline = date(2022, 10, 1) + timedelta(days=chance.randrange(45))
    stands = {"state": chance.choice(list(ProblemState)).value, "deadline": deadline, "percent": 0, "opened_at": START}
    return _row(
        problems, **stands, number=number, fingerprint=str(number), source="ten_tasks", item="", region=village,
        description=b"", measures=b"", units=[], responsible="",
    )  # fmt: skip
