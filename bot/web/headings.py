"""The heading of a person's chat: their post in a few words, "白塔村 村干部"."""

from __future__ import annotations

from bot.platforms.web import Heading
from bot.service.clock import Clock
from handlers.rights.sight import IN_OFFICE
from handlers.wording.people import post_in_words
from storage.database.connection import Database
from storage.database.reading import noting
from storage.people.persons import Person, accounts
from storage.plan import Plan


def title_of(plan: Plan, person: Person) -> str:
    """Return the first post in words; empty for somebody without one."""
    if not person.posts:
        return ""
    post = person.posts[0]
    return post_in_words(plan, post)


async def heading_of(database: Database, plan: Plan, clock: Clock, address: str) -> Heading:
    """Look up the heading of the page of an address."""
    async with noting(database, clock()) as damage, database.read() as conn:
        person = (await accounts(conn, [address], damage))[address].person
    return Heading(title_of(plan, person), in_office=person.has(*IN_OFFICE)) if person else Heading()
