"""What no office file may hold. Pure."""

from __future__ import annotations

import re

from storage.mail.messages import storable

_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")


def fit_for_file(text: str) -> str:
    """The text without what XML forbids: one such character, and the program that opens the file calls all of it broken."""
    return _CONTROLS.sub("", storable(text))
