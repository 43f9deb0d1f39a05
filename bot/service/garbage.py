"""The garbage collector, told what it can't know: that what is loaded at the start stays."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_THRESHOLDS = (50_000, 20, 50)
"""Each update is some hundred short-lived objects without cycles; looking for cycles after every 700 finds none."""


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """While the block runs, cycles are looked for seldom, and not among what was there before it."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
