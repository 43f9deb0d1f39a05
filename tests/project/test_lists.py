"""What the subjects list is what the sources have: a conversation, a table that no list names would not exist."""

from __future__ import annotations

import re
from importlib import import_module

import handlers
import storage
from bot.commands import COMMANDS, module_of
from handlers.engine.jobs import jobs
from handlers.ledgers.catalog import LEDGERS
from tests.support.paths import ROOT


def in_sources(room: str, pattern: str) -> set[str]:
    """The modules of a room whose text has a line that matches."""
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / room).rglob("*.py")
        if re.search(pattern, file.read_text("utf-8"), re.MULTILINE)
    }


def listed(room: str, subjects: tuple[str, ...], what: str) -> set[str]:
    """The modules that the subjects of a room name; a subject without the list is itself the module."""
    found = set()
    for subject in subjects:
        package = f"{room}.{subject}"
        module = import_module(package)
        names = getattr(module, what, ()) if hasattr(module, "__path__") else None
        found |= {package} if names is None else {f"{package}.{name}" for name in names}
    return found


def test_every_conversation_is_listed() -> None:
    assert listed("handlers", handlers.SUBJECTS, "CONVERSATIONS") == in_sources("handlers", r"^@conversation\(")


def test_every_job_is_listed() -> None:
    assert listed("handlers", handlers.SUBJECTS, "JOBS") == in_sources("handlers", r"^[A-Z]+ = (Long)?Job\(")


def test_jobs_have_names_of_their_own() -> None:
    names = [job.name for job in jobs()]
    assert len(names) == len(set(names))
    assert {"remind", "phases", "screening", "burden", "burden_warning"} <= set(names)


def test_every_ledger_is_listed() -> None:
    assert {ledger.rows.__module__ for ledger in LEDGERS.values()} == in_sources("handlers", r"^[A-Z_]+ = Ledger\(")


def test_every_table_is_listed() -> None:
    assert listed("storage", storage.SUBJECTS, "TABLES") == in_sources("storage", r"^\w+ = sa\.Table\(")


def test_every_command_is_listed() -> None:
    assert set(map(module_of, COMMANDS)) == in_sources("bot/commands", r"^@click\.(command|group)\(")
