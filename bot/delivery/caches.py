"""Tables kept in memory from batch to batch, and read again when their stamp in the database has changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.engine.world import World
from storage.database.counters import read_stamps
from storage.people.leaves import load_leaves
from storage.people.persons import Directory, Person, accounts, officials
from storage.roster import load_roster

PEOPLE, ROSTER, LEAVES = "people", "roster", "leaves"

_MOST_OWNERS = 50_000
"""Chats whose owner is remembered; beyond that all are forgotten and those that write are read again."""


class Caches:
    """The roster, the officials, their leaves and the owners of chats. `refresh` comes first in every batch's transaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, int] = {}
        self._owners: dict[str, Person | None] = {}

    async def refresh(self, conn: AsyncConnection) -> None:
        stamps = await read_stamps(conn, (PEOPLE, ROSTER, LEAVES))
        if self._seen.get(PEOPLE) != stamps[PEOPLE]:
            self._owners.clear()
            self._world.directory = Directory(await officials(conn))
        if self._seen.get(ROSTER) != stamps[ROSTER]:
            self._world.roster = await load_roster(conn)
        if self._seen.get(LEAVES) != stamps[LEAVES]:
            self._world.leaves = await load_leaves(conn)
        self._seen = stamps

    async def owners(self, conn: AsyncConnection, addresses: Sequence[str]) -> dict[str, Person | None]:
        """Return the owner of each chat; call `refresh` first."""
        unknown = [address for address in addresses if address not in self._owners]
        if unknown:
            if len(self._owners) > _MOST_OWNERS:
                self._owners.clear()
                unknown = list(addresses)
            found = await accounts(conn, unknown)
            self._owners |= {address: found[address].person for address in unknown}
        return {address: self._owners[address] for address in addresses}
