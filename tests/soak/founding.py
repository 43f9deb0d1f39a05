"""The town of the soak: cadres with a Telegram chat each, and a roster large enough that nobody reports a household twice."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from bot.service.clock import system_clock
from bot.setup.installation import make_folder, open_database, open_installation, open_vault
from bot.setup.settings import Settings, load_settings
from storage.database.base import new_id
from storage.database.connection import Database
from storage.database.transaction import transaction
from storage.mail.chats import chat_row, chats
from storage.people.persons import Role
from storage.plan import Plan, builtin_plans, load_plan
from storage.roster import household_row, households
from storage.store import Store
from tests.support.botapi import TOKEN

CADRES_A_VILLAGE = 4
FIRST_CHAT = 7001
FIRST_HOUSEHOLD = 1001
SECRET = "soak-secret"


@dataclass(frozen=True)
class Setup:
    """One service under test: where its data lie, the Bot API server, and the port of its phone page.

    Without a `database` it is SQLite; with a `webhook` Telegram calls that address. `name` is the worker's.
    """

    folder: str
    base_url: str
    port: int
    name: str = "main"
    database: str | None = None
    webhook: str | None = None

    def settings(self) -> Settings:
        return load_settings(
            data_dir=Path(self.folder),
            database_url=self.database,
            telegram_token=TOKEN,
            telegram_base_url=self.base_url,
            telegram_webhook_url=self.webhook,
            telegram_webhook_secret=SECRET if self.webhook else None,
            web_port=self.port,
            worker_name=self.name,
            worker_process=False,  # so that one kill ends all of it
            log_level="WARNING",
        )


@dataclass(frozen=True)
class Desk:
    """A cadre's chat, and the numbers of the households that are theirs to report."""

    chat: int
    households: range


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def database_of(settings: Settings) -> Database:
    """For the soak itself, beside the services; the key is the one of `found`."""
    make_folder(settings.data_dir)
    return open_database(settings, open_vault(settings, lambda _: None))


def plan() -> Plan:
    return load_plan(builtin_plans()["wafang-2022"])


async def found(settings: Settings, cadres: int, households_each: int) -> list[Desk]:
    """Make the key and the tables, and fill them."""
    villages = plan().villages
    desks: list[Desk] = []
    async with (
        open_installation(settings, lambda _: None) as installation,
        transaction(installation.database, system_clock()) as tx,
        tx.session("soak", "found") as session,
    ):
        store = Store(session)
        for place in range(cadres):
            village = villages[place // CADRES_A_VILLAGE % len(villages)].code
            person_id = store.people.add(f"干部{place + 1}")
            store.people.appoint(person_id, Role.VILLAGE, region=village)
            first = FIRST_HOUSEHOLD + place * households_each
            desk = Desk(FIRST_CHAT + place, range(first, first + households_each))
            desks.append(desk)
            session.add(chats, chat_row(f"telegram:{desk.chat}", now=session.now, person_id=person_id))
            for number in desk.households:
                row = {"number": number, "village": village, "group_name": "一屯", "head": f"农户{number}"}
                session.add(households, household_row(new_id(), row))
        session.touch("people")
        session.touch("roster")
    return desks
