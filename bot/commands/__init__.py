"""The commands of `cunbao`, one file each; a file's `command` is found by itself."""

from __future__ import annotations

import click


def tell(words: str) -> None:
    """Say something beside a command's output, such as where the key was put."""
    click.echo(words, err=True)
