"""Logging: lines for people or for machines, without secrets and without what people say.

No call in the code logs message texts, names or numbers. What may slip in with an error of a library is masked here.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter
from sqlalchemy.exc import StatementError

from storage.database.base import SHANGHAI
from storage.database.outages import in_a_line
from storage.people.masking import mask_text

_CONSOLE = "%(when)s %(levelname)-7s %(name)s: %(message)s"
_JSON = "%(when)s %(levelname)s %(name)s %(message)s"
_INPUT = re.compile(r"input_value=.*?, input_type=", re.DOTALL)
"""The part of pydantic's messages that repeats the offending value."""

_ROW_KEY = re.compile(r"(\b(?:row:\w+|job:\w+(?::\w+)*):\d+\b)")
"""A row as troubles name it: its number is no person's."""

_NOISY_LIBRARIES = ("aiosqlite", "apscheduler", "asyncio", "httpcore", "httpx", "telegram", "uvicorn", "alembic")
"""Libraries that are logged from warnings up; httpx's everyday lines hold the bot's token."""

_A_MINUTE, _MINUTE = 10, 60.0
"""How often the same message is logged in how many seconds."""

_MOST_SEEN = 1000

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class MaskingFilter(logging.Filter):
    """Masks numbers and secrets in a record before any formatter sees it. Numbers given as `int` are row ids: they stay."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        record.when = datetime.fromtimestamp(record.created, SHANGHAI).isoformat(" ", "milliseconds")
        if isinstance(record.args, tuple):
            record.args = tuple(arg if isinstance(arg, int | float) else self._masked(str(arg)) for arg in record.args)
            record.msg = record.msg if record.args else self._masked(str(record.msg))
        else:
            record.msg, record.args = self._masked(record.getMessage()), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text, record.exc_info = self._masked(_trace(record.exc_info)), None
        return True

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return "".join(part if place % 2 else mask_text(part) for place, part in enumerate(_ROW_KEY.split(text)))


class RepeatFilter(logging.Filter):
    """Lets the same message through a few times a minute and counts the rest, so that a full disk does not fill the log.

    The same are messages of one place in the code with one kind of error, whatever rows they name. `now` is a steady clock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: dict[tuple[object, ...], _Seen] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[0] if record.exc_info else None
        key = (record.name, record.levelno, record.msg, error)
        seen = self._seen.get(key)
        if seen is None or self._now() - seen.since >= _MINUTE:
            if seen is not None and seen.left_out:
                record.msg, record.args = f"{record.getMessage()} (and {seen.left_out} more like it were left out)", ()
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[key] = seen = _Seen(self._now())
        seen.count += 1
        if seen.count > _A_MINUTE:
            seen.left_out += 1
            return False
        return True


@dataclass(slots=True)
class _Seen:
    since: float
    count: int = 0
    left_out: int = 0


def _trace(exc_info: ExcInfo) -> str:
    """The traceback, with the values of a failed statement or validation left out; a line for what lies outside our code."""
    link = exc_info[1]
    if line := in_a_line(link):
        return line
    while link is not None:
        if isinstance(link, StatementError):
            link.hide_parameters = True
        link = link.__cause__ or link.__context__
    return _INPUT.sub("input_value=…， input_type=", logging.Formatter().formatException(exc_info))


def configure(level: str, form: str, secrets: Sequence[str] = (), stream: TextIO | None = None) -> None:
    """Set up logging for the whole process; `form` is "console" or "json". Replaces what was set up before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        JsonFormatter(_JSON, rename_fields={"when": "time", "levelname": "level", "name": "logger"}, json_ensure_ascii=False)
        if form == "json"
        else logging.Formatter(_CONSOLE)
    )
    handler.addFilter(RepeatFilter())
    handler.addFilter(MaskingFilter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
