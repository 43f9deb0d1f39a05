"""Files from outside are read here: each in a process that is killed at its limits, and never where chats are served.

Two processes, so that a long import makes no photo wait. Both are of the process that asks: the service and its worker have
theirs each. A reader is a function of the file's bytes, its name and options; its result can be pickled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from handlers.files.process import Effort, SideProcess, TooCostly
from handlers.reading import Unreadable

log = logging.getLogger(__name__)

T = TypeVar("T")

_MIB = 2**20
_LIBRARIES = ("openpyxl", "PIL.Image", "docx", "pypdfium2")

AT_ONCE = SideProcess("files", Effort(cpu=5, memory=768 * _MIB, wall=20), nice=5, modules=_LIBRARIES, stays=True)
"""For what somebody waits for at the phone."""
IMPORTS = SideProcess(
    "imports", Effort(cpu=10, memory=2048 * _MIB, wall=900, a_row=0.002), nice=15, modules=("openpyxl", "handlers.files.reader")
)
"""For large tables: they may take longer the more rows they have."""

_LARGE = 256 * 1024
"""Bytes from which a table is an import: some thousands of rows."""
_DOCUMENTS = (".docx", ".pdf", ".md", ".txt")

TOO_COSTLY = "这个文件太大或太复杂，没有读完。请只留下要用的内容，另存一份再发来，也可以分成几个文件。"


async def read_outside(
    read: Callable[..., T],
    content: bytes,
    *arguments: Any,
    process: SideProcess = AT_ONCE,
    whose: str = "",
    declared: Callable[[int], None] | None = None,
    **options: Any,
) -> T:
    """What `read` makes of a file's bytes, these arguments and options, or what it raises: Unreadable above all.

    `whose`: of what comes from one sender one file is read at a time. `declared` hears of how many rows it has.
    """
    work = partial(read, content, *arguments, **options)
    try:
        return await process.run(work, whose=whose, declared=declared)
    except TooCostly as error:
        log.warning("a file of %s bytes was not read by %s: %s", len(content), read.__name__, error)
        raise Unreadable(TOO_COSTLY) from error


def process_for(content: bytes, name: str) -> SideProcess:
    """Where to read a file: a large table is an import."""
    return IMPORTS if len(content) >= _LARGE and not name.lower().endswith(_DOCUMENTS) else AT_ONCE
