"""Promises about imports that import-linter does not hold; the others are its contracts in pyproject.toml."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.paths import ROOT

IMPURE = {
    "handlers.engine.chat", "handlers.engine.desk", "storage.store", "storage.database.transaction", "asyncio",
}  # fmt: skip
"""What a rule has no need of."""


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports, and the names it imports from them, in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def modules(room: str) -> dict[str, ast.Module]:
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text("utf-8")) for file in sorted((ROOT / room).rglob("*.py"))}


def test_what_calls_itself_pure_is_pure() -> None:
    pure = {name: tree for name, tree in modules("handlers").items() if re.search(r"\bPure\b", ast.get_docstring(tree) or "")}
    assert len(pure) > 70
    assert {name: found for name, tree in pure.items() if (found := IMPURE & set(imported(tree)))} == {}


def test_no_test_imports_another() -> None:
    """What several need lies in tests/support/."""
    found = {name: [one for one in imported(tree) if ".test_" in one] for name, tree in modules("tests").items()}
    assert {name: names for name, names in found.items() if names} == {}
