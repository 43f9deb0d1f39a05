"""How long PostgreSQL may keep us waiting, so that a frozen neighbour, server or network is noticed."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

_FIRST_PROBE, _NEXT_PROBE, _PROBES = 20, 5, 4
"""A connection over which nothing comes is probed after so many seconds, then every so many, and given up after so many."""

CONNECT_WITHIN = 10.0
"""Seconds for a new connection, and for the turn to get one of the pool."""


@dataclass(frozen=True, slots=True)
class Limits:
    """In seconds: for a lock that another transaction holds, between two statements of a transaction (it may have been
    frozen with its locks in its hands), for a statement on the server, and for the answer to reach us. 0 is for ever.
    """

    lock: float
    idle: float
    statement: float
    answer: float

    def options(self, *, read_only: bool = False) -> dict[str, Any]:
        """For `create_async_engine`, with asyncpg."""
        told = {
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle,
            "statement_timeout": self.statement,
        }
        probes = {"tcp_keepalives_idle": _FIRST_PROBE, "tcp_keepalives_interval": _NEXT_PROBE, "tcp_keepalives_count": _PROBES}
        settings = {name: f"{seconds * 1000:.0f}" for name, seconds in told.items()}  # in milliseconds
        settings |= {name: str(value) for name, value in probes.items()}  # how the server finds out that we are gone
        if read_only:
            settings["default_transaction_read_only"] = "on"
        return {
            "pool_size": 10,
            "pool_timeout": CONNECT_WITHIN,
            "pool_pre_ping": True,
            "connect_args": {
                "timeout": CONNECT_WITHIN,
                "command_timeout": self.answer or None,
                "server_settings": {"application_name": "cunbao", **settings},
            },
        }


SERVICE = Limits(lock=4, idle=8, statement=15, answer=20)
"""While people wait. A batch of mail takes a second at most; whoever is cut off tries again."""

PATIENT = Limits(lock=60, idle=600, statement=0, answer=0)
"""For work that may take minutes: upgrades, imports, exports, erasing, commands."""


def probe(connection: Any, _: Any) -> None:
    """Let the system find out that the server is gone: how an engine's new connection to PostgreSQL is prepared."""
    known = connection.driver_connection._transport.get_extra_info("socket")
    if known is not None and known.family != socket.AF_UNIX:
        known.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", _FIRST_PROBE), ("TCP_KEEPINTVL", _NEXT_PROBE), ("TCP_KEEPCNT", _PROBES)):
            if hasattr(socket, name):  # not on every system
                known.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
