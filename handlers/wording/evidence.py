"""How what was shown along with words is said. Pure."""

from __future__ import annotations


def evidence_in_words(*, photos: int = 0, voices: int = 0, place: bool = False) -> str:
    """ "照片 2 张，语音 1 条，有定位": what there is of it; empty for nothing."""
    parts = [f"照片 {photos} 张"] if photos else []
    parts += [f"语音 {voices} 条"] if voices else []
    parts += ["有定位"] if place else []
    return "，".join(parts)
