"""Finding the line of a key in a TOML file, so that a mistake can be named where it was made."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = re.compile(r"\[(?P<list>\[)?\s*(?P<name>[^\[\]]+?)\s*\]")
_KEY = re.compile(r"(?P<name>[\w.\"'-]+)\s*=")


class TomlStatement(NamedTuple):
    """A table header, or a key with its value. `path` is as tomllib nests it; lines count from 1, the last included."""

    path: tuple[str | int, ...]
    first: int
    last: int


def statements(text: str) -> Iterator[TomlStatement]:
    """Every header and key of a valid TOML text, in order."""
    lines = text.splitlines()
    lengths: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    at = 0
    while at < len(lines):
        line, first = lines[at].strip(), at + 1
        if header := _HEADER.match(line):
            table = _table(header, lengths)
            yield TomlStatement(table, first, first)
        elif key := _KEY.match(line):
            while at + 1 < len(lines) and not _whole("\n".join(lines[first - 1 : at + 1])):
                at += 1
            yield TomlStatement((*table, *_names(key["name"])), first, at + 1)
        at += 1


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line of `path`, or of the nearest thing around it that has a line of its own; 1 where there is none."""
    lines = {statement.path: statement.first for statement in reversed(list(statements(text)))}
    return next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 1)


def _table(header: re.Match[str], lengths: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """The path of a header; `lengths` holds how long each list of tables has become."""
    path: tuple[str | int, ...] = ()
    names = _names(header["name"])
    for depth, name in enumerate(names, 1):
        path += (name,)
        if depth == len(names) and header["list"]:
            lengths[path] = lengths.get(path, 0) + 1
        if path in lengths:
            path += (lengths[path] - 1,)
    return path


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]


def _whole(chunk: str) -> bool:
    """Whether a value that may run over several lines is complete; the real parser knows best."""
    try:
        tomllib.loads(chunk)
    except tomllib.TOMLDecodeError:
        return False
    return True
