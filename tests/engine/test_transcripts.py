"""Plays every recorded conversation, once straight through and once with a restart between any two lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.town import Town
from tests.support.transcripts import check

TRANSCRIPTS = sorted((Path(__file__).parents[1] / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(path: Path, restart: bool, town: Town) -> None:
    await check(path, town, restart=restart)
