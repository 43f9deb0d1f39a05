"""Why somebody may not do something. Pure."""

from __future__ import annotations


class NotAllowed(Exception):
    """An act that the rules do not let this person do now. The message tells the person why, and what comes first."""
