"""The body of a request, as long as it is no longer than it may be."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from starlette.requests import Request


class TooLarge(Exception):
    """More than is taken; `most` in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


async def limited(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[bytes, None]:
    """The chunks, as long as they are no more than `most` bytes together.

    Of what is too much nothing is kept, but up to three times as much is read on: a phone that is cut off while it
    sends never sees the answer. Raises TooLarge.
    """
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > 4 * most:
            break
        if taken <= most:
            yield chunk
    if taken > most:
        raise TooLarge(most)


async def whole(request: Request, most: int) -> bytes:
    """Raises TooLarge."""
    return b"".join([chunk async for chunk in limited(request.stream(), most)])


async def json_object(request: Request, most: int) -> dict[str, Any]:
    """What a platform posts to a webhook. Raises TooLarge, and ValueError for anything but an object of JSON."""
    try:
        found = json.loads(await whole(request, most))
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
