"""Reading the file of an import for an operator, who is told how much there is to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bot.commands import tell
from handlers.files.outside import IMPORTS, read_outside

T = TypeVar("T")

_MANY_ROWS = 2_000


async def read_import(read: Callable[..., T], content: bytes, name: str, **options: Any) -> T:
    """What `read` makes of a file's bytes, its name and these options. Raises Unreadable."""
    return await read_outside(read, content, name, process=IMPORTS, declared=_declared, **options)


def _declared(rows: int) -> None:
    if rows >= _MANY_ROWS:
        tell(f"正在读，约 {rows} 行……")
