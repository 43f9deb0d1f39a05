"""`cunbao version`."""

from __future__ import annotations

import platform
from importlib.metadata import version

import click


@click.command("version")
def command() -> None:
    """显示版本。"""
    click.echo(f"cunbao {version('cunbao')} (Python {platform.python_version()})")
