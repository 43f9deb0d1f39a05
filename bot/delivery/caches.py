"""Tables kept in memory from batch to batch, and read again when their stamp in the database has changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from handlers.engine.world import World
from storage.database.counters import read_stamps
from storage.database.reading import Damage
from storage.database.transaction import Transaction
from storage.database.troubles import open_troubles
from storage.people.leaves import load_leaves
from storage.people.persons import ChatAccount, Directory, accounts, officials
from storage.roster import load_roster

PEOPLE, ROSTER, LEAVES = "people", "roster", "leaves"

_MOST_OWNERS = 50_000
"""Chats whose owner is remembered; beyond that all are forgotten and those that write are read again."""


class Caches:
    """The roster, the officials, their leaves and the owners of chats. `refresh` comes first in every batch's transaction."""

    def __init__(self, world: World) -> None:
        self.damage = Damage()
        """Rows that could not be read into memory; who refreshes takes them with `Damage.take` and has them noted."""
        self._world = world
        self._seen: dict[str, int] = {}
        self._owners: dict[str, ChatAccount] = {}

    async def refresh(self, conn: AsyncConnection) -> None:
        stamps = await read_stamps(conn, (PEOPLE, ROSTER, LEAVES))
        if self._seen.get(PEOPLE) != stamps[PEOPLE]:
            self._owners.clear()
            self._world.directory = Directory(await officials(conn, self.damage))
        if self._seen.get(ROSTER) != stamps[ROSTER]:
            self._world.roster = await load_roster(conn, self.damage)
        if self._seen.get(LEAVES) != stamps[LEAVES]:
            self._world.leaves = await load_leaves(conn, self.damage)
        self._seen = stamps

    async def refresh_in(self, tx: Transaction) -> None:
        """As `refresh`; what can't be read is noted with the transaction."""
        if not self._seen:
            tx.damage.know(await open_troubles(tx.conn))
        await self.refresh(tx.conn)
        tx.damage.take(self.damage)

    async def owners(self, conn: AsyncConnection, addresses: Sequence[str]) -> dict[str, ChatAccount]:
        """Return the owner of each chat; call `refresh` first."""
        unknown = [address for address in addresses if address not in self._owners]
        if unknown:
            if len(self._owners) > _MOST_OWNERS:
                self._owners.clear()
                unknown = list(addresses)
            self._owners |= await accounts(conn, unknown, self.damage)
        return {address: self._owners[address] for address in addresses}
