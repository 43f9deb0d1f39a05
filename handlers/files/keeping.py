"""Files that are made here: kept in the store of files, for sending them."""

from __future__ import annotations

import asyncio

from handlers.engine.world import World
from storage.store import Store


async def keep(store: Store, world: World, *, content: bytes, content_type: str) -> str:
    """Keep a file that was made here; returns its name in the store."""
    sha256 = await asyncio.to_thread(world.media.write, content)
    store.media.keep(sha256, len(content), content_type=content_type)
    return sha256
