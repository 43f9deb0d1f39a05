"""昨天 and 明天 count from when a message was written, however late it is worked on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage.database.base import SHANGHAI
from tests.support.town import Town

MIDNIGHT = datetime(2022, 10, 13, tzinfo=SHANGHAI)


async def _first_day(town: Town, at: datetime) -> str:
    """What somebody who asks for leave from 明天 on, in a message of that moment, is shown."""
    await town.say("孙村", "请假")
    await town.say("孙村", "明天", at=at)
    return (await town.say("孙村", "10月20日"))[-1]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (MIDNIGHT - timedelta(minutes=10), 13),
        (MIDNIGHT + timedelta(minutes=5), 14),
        ((MIDNIGHT - timedelta(minutes=10)).astimezone(UTC), 13),
        (MIDNIGHT + timedelta(hours=1), 14),
        (MIDNIGHT + timedelta(days=365), 14),
        (MIDNIGHT - timedelta(days=365), 14),
    ],
    ids=["yesterday", "today", "another zone", "an hour ahead", "a year ahead", "a year ago"],
)
async def test_tomorrow_is_the_day_after_it_was_written(at: datetime, day: int, town: Town) -> None:
    """A moment to come, or one long past, is a wrong clock: then it counts from when it came."""
    town.now = MIDNIGHT + timedelta(minutes=10)
    assert f"10月{day}日至10月20日" in await _first_day(town, at)
