"""How long texts are shortened where they are named."""

from __future__ import annotations

from handlers.reading import shortened


def brief(text: str, most: int = 12) -> str:
    return shortened(text, most)
