"""Settings of the garbage collector for a long-running process."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_THRESHOLDS = (50_000, 20, 50)
"""Each update is some hundred short-lived objects without cycles; looking for cycles after every 700 finds none."""


@contextlib.contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """While the block runs, collect seldom, and leave out all objects that were there before it: they stay."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
