"""The examples of the documentation run as they stand: each is played as its transcript says, as a newcomer would."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from handlers.engine.conversation import Conversation, conversations
from tests.support.town import Town
from tests.support.transcripts import check

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_example(example: Path, restart: bool, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in runpy.run_path(str(example)).values():
        if isinstance(part, Conversation):
            monkeypatch.setitem(conversations(), part.name, part)
    await check(example.with_suffix(".txt"), town, restart=restart)
