"""The commands of `cunbao`, one file each with a `command`."""

from __future__ import annotations

import click

COMMANDS = (
    "backup",
    "chat",
    "check",
    "dead_letters",
    "demo",
    "demo_data",
    "export",
    "import_problems",
    "import_roster",
    "import_screening",
    "invite",
    "map",
    "outbox",
    "plan",
    "policy",
    "reconcile",
    "recount",
    "restore",
    "run",
    "sample",
    "summary",
    "version",
)


def tell(words: str) -> None:
    """Say something beside a command's output, such as where the key was put."""
    click.echo(words, err=True)
