"""Errors that the operator can mend. A command that meets one prints its message and ends with its exit code."""

from __future__ import annotations


class OperatorError(Exception):
    """Why a command did nothing, or stopped; the message says what to do."""

    exit_code = 1


class CannotStart(OperatorError):
    """Nothing can be done at all: the folder, the key, the plan, the database or a platform's token is of no use."""

    exit_code = 3


class SettingsError(OperatorError):
    """Settings that cannot be used; the message names each variable and what is wrong, never its value."""

    exit_code = 3


class CannotBackUp(OperatorError):
    """There is no backup, or it was not restored."""
