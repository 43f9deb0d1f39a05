"""A household sees which officials have looked at what is kept about it, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage.database import audit
from storage.looks import KEPT, looks, purge
from tests.support.cases import case_after
from tests.support.town import START, Town


async def kept(town: Town) -> set[tuple[str, str]]:
    """Who looked, and how."""
    names = {key: name for name, key in town.people.items()}
    async with town.database.read() as conn:
        rows = (await conn.execute(sa.select(looks))).all()
    assert len({(row.household_id, row.day, row.person_id, row.way) for row in rows}) == len(rows)
    return {(names[row.person_id], row.way) for row in rows}


async def test_the_household_sees_who_opened_its_case_and_who_took_it_into_a_file(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town, ())
    [before] = await town.say("张三", "/me")
    assert "还没有干部看过您家的事" in before
    async with town.database.read() as conn:
        head = await audit.head(conn)
    for _ in range(3):
        await town.say("李村", f"/clue {clue.number}")
    async with town.database.read() as conn:
        assert await audit.head(conn) == head, "a reading leaves no audit row"
    town.now += timedelta(days=1)
    await town.say("周镇", "/export clues")
    [seen] = await town.say("张三", "/me")
    assert "2022年10月12日 李村（白塔村 村干部）看过" in seen
    assert "2022年10月13日 周镇（瓦房镇" in seen
    assert "导出过" in seen
    [listed] = await town.press("张三", "谁看过我家的事")
    assert listed.index("周镇") < listed.index("李村")
    assert "1380" not in listed, "no phone numbers"
    assert await kept(town) == {("李村", "seen"), ("周镇", "file")}


async def test_the_family_and_what_runs_by_itself_leave_nothing(town: Town) -> None:
    await town.join_household("张三", 1001)
    clue = await case_after(town, ())
    await town.say("张三", f"/clue {clue.number}")
    await town.tick()
    assert await kept(town) == set()


async def test_an_unconfirmed_phone_is_not_told_who_looked(town: Town) -> None:
    await town.join_household("张三", 1001, confirmed=False)
    clue = await case_after(town, ())
    await town.say("李村", f"/clue {clue.number}")
    assert "李村" not in "".join(await town.say("张三", "/me"))
    assert "李村" not in "".join(await town.say("张三", "/me looks"))


@pytest.mark.sqlite_only
async def test_looks_are_kept_for_three_years(town: Town) -> None:
    clue = await case_after(town, ())
    await town.say("李村", f"/clue {clue.number}")
    for days, left in ((3 * 365, 1), (3 * 366 + 1, 0)):
        async with town.database.write() as conn:
            await purge(conn, (START + timedelta(days=days) - KEPT).date())
        assert len(await kept(town)) == left
