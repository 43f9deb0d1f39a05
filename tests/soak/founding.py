"""The town of the soak: cadres with a Telegram chat each, and a roster large enough that nobody reports a household twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.service.clock import system_clock
from storage.database.base import new_id
from storage.database.connection import Database, sqlite_url
from storage.database.tables import all_tables
from storage.database.transaction import transaction
from storage.mail.chats import chats
from storage.people.persons import Role
from storage.plan import Plan, builtin_plans, load_plan
from storage.roster import household_row, households
from storage.store import Store
from tests.support.town import VAULT

CADRES_A_VILLAGE = 4
FIRST_CHAT = 7001
FIRST_HOUSEHOLD = 1001


@dataclass(frozen=True)
class Desk:
    """A cadre's chat, and the numbers of the households that are theirs to report."""

    chat: int
    households: range


def open_database(path: Path) -> Database:
    return Database(sqlite_url(path), VAULT)


def plan() -> Plan:
    return load_plan(builtin_plans()["wafang-2022"])


async def found(database: Database, cadres: int, households_each: int) -> list[Desk]:
    """Make the tables and fill them."""
    async with database.engine.begin() as conn:
        await conn.run_sync(all_tables().create_all)
    villages = plan().villages
    desks: list[Desk] = []
    async with transaction(database, system_clock()) as tx, tx.session("soak", "found") as session:
        store = Store(session)
        for place in range(cadres):
            village = villages[place // CADRES_A_VILLAGE % len(villages)].code
            person_id = store.people.add(f"干部{place + 1}")
            store.people.appoint(person_id, Role.VILLAGE, region=village)
            first = FIRST_HOUSEHOLD + place * households_each
            desk = Desk(FIRST_CHAT + place, range(first, first + households_each))
            desks.append(desk)
            session.add(chats, _chat(desk.chat, person_id) | {"last_seen": session.now})
            for number in desk.households:
                row = {"number": number, "village": village, "group_name": "一屯", "head": f"农户{number}"}
                session.add(households, household_row(new_id(), row))
        session.touch("people")
        session.touch("roster")
    return desks


def _chat(chat: int, person_id: int) -> dict[str, object]:
    return {"address": f"telegram:{chat}", "platform": "telegram", "person_id": person_id}
