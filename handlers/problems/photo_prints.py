"""Hashes of the photos that come with a problem, so that one used twice is noticed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from handlers.engine.chat import Chat
from handlers.files.outside import read_outside
from handlers.reading import Unreadable
from storage.files.media import AlteredFile, MediaStore
from storage.problems.photo_hash import Print, dhash


async def prints_of(chat: Chat, photos: Sequence[str]) -> list[Print]:
    """Of each photo that can be recognised again; call it before the first write, since it takes a while."""
    if not photos:
        return []
    make = partial(_hashes, chat.world.media, photos)
    values = await chat.aside(("prints", *photos), make, told=lambda: "正在看照片，马上就好。")
    return [
        Print(sha256=sha256, hash=value, same_as=await chat.store.photo_hashes.first_alike(value))
        for sha256, value in zip(photos, values, strict=True)
        if value is not None
    ]


async def _hashes(media: MediaStore, photos: Sequence[str]) -> list[int | None]:
    return [await _hash(media, sha256) for sha256 in photos]


async def _hash(media: MediaStore, sha256: str) -> int | None:
    try:
        return await read_outside(dhash, await media.fetch(sha256))
    except (Unreadable, AlteredFile):  # of the latter the office is told
        return None
