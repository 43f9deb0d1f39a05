"""Hashes of the photos that come with a problem, so that one used twice is noticed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence

from handlers.engine.chat import Chat
from storage.files.media import MediaStore
from storage.problems.photo_hash import Print, dhash


async def prints_of(chat: Chat, photos: Sequence[str]) -> list[Print]:
    """Of each photo that can be recognised again; call it before the first write, since it takes a while."""
    prints = []
    for sha256 in photos:
        value = await asyncio.to_thread(_hash, chat.world.media, sha256)
        if value is not None:
            prints.append(Print(sha256=sha256, hash=value, same_as=await chat.store.photo_hashes.first_alike(value)))
    return prints


@functools.lru_cache(maxsize=512)  # a step may run more than once before it is written
def _hash(media: MediaStore, sha256: str) -> int | None:
    return dhash(media.read(sha256))
