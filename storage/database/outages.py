"""What is raised while the database is away, locked or frozen; and what of it is no message's fault."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection


class LockKept(TimeoutError):
    """The turn to write did not come in time."""


TROUBLE = (DBAPIError, NoConnection, OSError)
"""To be caught by whoever tries again; a TimeoutError is an OSError."""

_PASSING_CLASSES = ("08", "40", "53", "57", "58")
"""PostgreSQL's: connection, rollback of a deadlock, resources, operator's intervention, system."""
_ENDING = ("08", "57P")
"""Of these, what ends the connection."""
_LOCK_NOT_AVAILABLE, _IDLE_TOO_LONG, _STATEMENT_TOO_LONG = "55P03", "25P03", "57014"
_PASSING_IN_SQLITE = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


def is_ended(error: BaseException) -> bool:
    """Whether the driver for PostgreSQL says that its connection is at an end."""
    state = getattr(error, "sqlstate", None) or ""
    # the last: it is asked for something while it still reads why it was ended
    return state.startswith(_ENDING) or state == _IDLE_TOO_LONG or type(error).__name__ == "InternalClientError"


def lock_in_vain(error: BaseException) -> bool:
    """Whether a lock was waited for that a transaction on PostgreSQL did not give back in time."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def passes(error: BaseException) -> bool:
    """Whether the same statement may well succeed later: it waited for a lock in vain, say, or the server went away."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, TROUBLE)
    if error.connection_invalidated:
        return True
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _PASSING_IN_SQLITE
    state = getattr(cause, "sqlstate", None) or ""
    if state == _STATEMENT_TOO_LONG:  # it would take as long again
        return False
    return state in (_LOCK_NOT_AVAILABLE, _IDLE_TOO_LONG) or state.startswith(_PASSING_CLASSES)


def is_away(error: BaseException) -> bool:
    """Whether it is the database that is away, locked or frozen, and not a file, say."""
    return passes(error) and isinstance(error, DBAPIError | NoConnection | ConnectionError | TimeoutError)


def is_damage(error: BaseException | None) -> bool:
    """Whether the file of the database is destroyed."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def in_a_line(error: BaseException | None) -> str | None:
    """What to log of a database that is away, full, destroyed or locked by another program: where in our code that came up says
    nothing.

    None for what needs its trace; so do deadlocks and locks on PostgreSQL, which our own transactions bring about.
    """
    if isinstance(error, LockKept | NoConnection):
        return f"{type(error).__name__}: {error}"
    if not isinstance(error, DBAPIError) or not (passes(error) or is_damage(error)):
        return None
    state = getattr(error.orig, "sqlstate", None) or ""
    ours = state.startswith(("40", _LOCK_NOT_AVAILABLE, _IDLE_TOO_LONG))
    return None if ours else f"{type(error).__name__}: {error.orig}"


def is_refusal(error: BaseException) -> bool:
    """Whether the database has refused a statement and would again."""
    return isinstance(error, DBAPIError) and not passes(error)
