"""Deadlines are spoken of in time, once a day, to whom they concern on that day, and to nobody else."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.platforms.base import Blocked
from handlers.calendar.workdays import is_workday
from handlers.engine.words import NOT_YOURS
from handlers.reminders import job as remind
from storage.database.base import SHANGHAI
from storage.database.transaction import transaction
from storage.mail import outbox
from storage.mail.chats import chats
from storage.people.persons import Role, posts
from storage.plan import shift
from storage.problems.records import Problem
from storage.reminders.rows import PENDING, claim, reminders
from storage.store import Store
from tests.support.mornings import HEAD, morning, reminded, without_questions
from tests.support.plan import BAITA, PLAN, WAFANG
from tests.support.problems import add, submit
from tests.support.town import Town
from tests.support.transcripts import check

FOLDER = Path(__file__).parents[1] / "transcripts" / "remind"
WHOLE_PLAN = FOLDER / "whole_plan.txt"
TRANSCRIPTS = sorted(set(FOLDER.glob("*.txt")) - {WHOLE_PLAN})
WATCHED = ("李村", "周镇", "郑市")


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(path: Path, restart: bool, town: Town) -> None:
    await add(town, "屋顶漏雨", deadline=date(2022, 10, 17))
    await check(path, town, restart=restart)


def _read(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


async def test_a_problem_is_spoken_of_before_on_and_after_its_deadline(town: Town) -> None:
    """The 25th: seven, three, one working days before, the day itself, then every second working day."""
    await add(town, responsible="王建")
    told: dict[str, list[str]] = defaultdict(list)
    for day in days(date(2022, 10, 12), date(2022, 11, 4)):
        await morning(town, day)
        for name in ("王建", "李村", "周镇", "郑市"):
            told[name] += [f"{day:%m-%d}" for line in reminded(town, name) if "屋顶漏雨" in line]
    late = ["10-27", "10-31", "11-02", "11-04"]
    assert told["王建"] == ["10-14", "10-20", "10-24", "10-25", *late]
    assert told["周镇"] == late
    assert told["郑市"] == late[1:]
    assert told["李村"] == []


async def test_days_late_are_working_days(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 14))
    await morning(town, date(2022, 10, 18))
    [line] = reminded(town, "周镇")
    assert "⚠ 1号问题 白塔村 屋顶漏雨（待认领）：10月14日，逾期 2 个工作日" in line
    assert not reminded(town, "郑市")


async def test_the_second_tick_finds_nothing(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 13))
    assert await morning(town, date(2022, 10, 13)) > 0
    assert await town.tick() == 0
    assert await morning(town, date(2022, 10, 13), time(12)) == 0
    assert len(reminded(town, "李村")) == 1


async def test_everything_of_a_day_is_one_short_message(town: Town) -> None:
    for number in range(7):
        await add(town, f"第{number}处漏雨", deadline=date(2022, 10, 13))
    await morning(town, date(2022, 10, 13))
    (message,) = (one for one in town.inboxes["李村"] if (one.text or "").startswith(HEAD))
    assert message.text is not None
    assert message.text.count("\n") <= 5
    assert message.text.startswith("【今日提醒】7 件")
    assert "还有 4 件，都在待办里。" in message.text
    assert [[button.label for button in row] for row in message.buttons] == [
        *([f"查看 {number}号问题", "明天再提醒"] for number in range(1, 4)),
        ["今日五题", "全部待办"],
    ]
    assert all(len(button.says.encode()) <= 64 for row in message.buttons for button in row)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (date(2022, 10, 13), time(7, 29)),
        (date(2022, 10, 13), time(21, 0)),
        (date(2022, 10, 13), time(23, 59)),
        (date(2022, 10, 15), time(9, 0)),  # a Saturday
    ],
)
async def test_nothing_is_said_outside_the_window(town: Town, day: date, at: time) -> None:
    await add(town, deadline=date(2022, 10, 13))
    assert await morning(town, day, at) == 0
    assert not reminded(town, "李村")


async def test_a_worked_sunday_is_a_day_like_others(town: Town) -> None:
    town.now = datetime(2022, 9, 30, 9, 0, tzinfo=SHANGHAI)
    await add(town, deadline=date(2022, 10, 9))
    told = {}
    for day in days(date(2022, 10, 1), date(2022, 10, 9)):
        await morning(town, day)
        if any("屋顶漏雨" in line for line in reminded(town, "李村")):
            told[f"{day:%m-%d %a}"] = True
    assert list(told) == ["10-08 Sat", "10-09 Sun"]


async def test_after_downtime_one_digest_says_so(town: Town) -> None:
    """Down from Thursday over the weekend to Wednesday: four stages came due and one message tells what holds today."""
    await add(town, deadline=date(2022, 10, 17))
    await add(town, "水管冻裂", deadline=date(2022, 10, 19))
    await morning(town, date(2022, 10, 12))
    reminded(town, "李村")
    await morning(town, date(2022, 10, 19), time(9, 30))
    [line] = reminded(town, "李村")
    assert line.startswith(
        "【今日提醒】2 件 / ⚠ 1号问题 白塔村 屋顶漏雨（待认领）：10月17日，逾期 2 个工作日 / 2号问题 白塔村 水管冻裂"
    )
    await morning(town, date(2022, 10, 20))
    assert len(reminded(town, "李村")) == 1  # the phase, seven working days before its end
    assert not [line for line in reminded(town, "李村") if "屋顶漏雨" in line]


async def test_what_came_late_is_counted(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 14))
    await add(town, "水管冻裂", deadline=date(2022, 10, 17))
    await morning(town, date(2022, 10, 12))
    await morning(town, date(2022, 10, 17))
    assert "【今日提醒】2 件，其中 1 件因系统停用晚到 / " in reminded(town, "李村")[-1]


async def test_downtime_over_the_national_day_holiday_is_one_digest(town: Town) -> None:
    town.now = datetime(2022, 9, 29, 9, 0, tzinfo=SHANGHAI)
    await add(town, deadline=date(2022, 9, 30))
    await add(town, "水管冻裂", deadline=date(2022, 10, 5))
    for day in days(date(2022, 10, 1), date(2022, 10, 7)):
        assert await morning(town, day) == 0
    await morning(town, date(2022, 10, 8), time(8))
    [line] = reminded(town, "李村")
    assert "1号问题 白塔村 屋顶漏雨（待认领）：9月30日，逾期 1 个工作日" in line
    assert "2号问题 白塔村 水管冻裂（待认领）：10月5日，逾期 1 个工作日" in line
    assert "因系统停用晚到" in line


async def test_after_long_downtime_a_matter_goes_as_high_as_its_days_say(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 14))
    await morning(town, date(2022, 10, 26))
    assert "10月14日，逾期 8 个工作日" in reminded(town, "郑市")[0]
    await morning(town, date(2022, 10, 28))
    assert "10月14日，逾期 10 个工作日" in reminded(town, "郑市")[0]


async def test_what_is_imported_in_the_evening_does_not_come_late(town: Town) -> None:
    town.now = datetime(2022, 10, 12, 22, 0, tzinfo=SHANGHAI)
    await add(town, deadline=date(2022, 10, 13))
    await add(town, "水管冻裂", deadline=date(2022, 10, 12))
    await morning(town, date(2022, 10, 13))
    assert reminded(town, "李村")[0].startswith("【今日提醒】2 件 /")


async def test_what_comes_up_after_todays_message_waits_for_the_next_morning(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 13))
    await morning(town, date(2022, 10, 13))
    assert len(reminded(town, "李村")) == 1
    await add(town, "水管冻裂", deadline=date(2022, 10, 13))
    assert await morning(town, date(2022, 10, 13), time(10)) == 1
    assert not reminded(town, "李村")
    await morning(town, date(2022, 10, 14))
    [line] = reminded(town, "李村")
    assert "水管冻裂（待认领）：10月13日，逾期 1 个工作日" in line
    assert "停用" not in line


async def test_a_snoozed_matter_comes_back_once_and_is_named_once(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 14))
    await morning(town, date(2022, 10, 13))
    assert await town.press("李村", "明天再提醒") == ["好的，10月14日早上再提醒您。"]
    await morning(town, date(2022, 10, 14))
    [line] = reminded(town, "李村")
    assert line.count("屋顶漏雨") == 1
    await morning(town, date(2022, 10, 17))
    assert not reminded(town, "李村")


async def test_a_snooze_pressed_twice_is_one(town: Town) -> None:
    problem = await add(town, deadline=date(2022, 10, 21))
    await morning(town, date(2022, 10, 18))
    for _ in range(2):
        await town.press_data("李村", f"/snooze problem {problem.id} 20221021")
    reminded(town, "赵村")
    await morning(town, date(2022, 10, 19))
    assert len(reminded(town, "李村")) == 1
    assert not reminded(town, "赵村")


async def test_who_has_moved_on_is_not_told_again(town: Town) -> None:
    """A snooze is personal, but what it is about belongs to the post."""
    problem = await add(town, deadline=date(2022, 10, 21))
    await town.press_data("李村", f"/snooze problem {problem.id} 20221021")
    await hand_over(town, "李村", "新来的", region=WAFANG)
    await appoint(town, "李村", WAFANG)
    await morning(town, date(2022, 10, 13))
    assert not reminded(town, "李村")


@pytest.mark.parametrize("command", ["/snooze", "/done"])
async def test_forged_buttons_are_answered_like_what_does_not_exist(town: Town, command: str) -> None:
    problem = await add(town)
    for said in (
        f"problem {problem.id} 20221025",  # another village's
        f"problem {problem.id + 1} 20221025",
        "problem 99999999999999999999 20221025",
        "problem x 20221025",
        "phase 20221030 20221030",  # no day of the campaign
        "phase 20221031 20221030",
        "phase 20221115 20221115",  # the town's
        "phase 20221399 20221399",
        "weather 1 20221025",
        "phase",
        "",
    ):
        assert (await town.press_data("孙村", f"{command} {said}"))[-1] == NOT_YOURS, said
    assert not (await rows(town, problem)) & {"again"}


async def test_a_problem_cannot_be_waved_away(town: Town) -> None:
    problem = await add(town, deadline=date(2022, 10, 14))
    assert NOT_YOURS in await town.press_data("李村", f"/done problem {problem.id} 20221014")
    await morning(town, date(2022, 10, 14))
    assert "屋顶漏雨" in reminded(town, "李村")[0]


async def test_a_phase_that_is_known_is_not_told_again_to_this_person(town: Town) -> None:
    await morning(town, date(2022, 10, 20))
    line = "「排查整改」阶段结束、问题清零、「加强督导」阶段结束：10月31日，还剩 7 个工作日 [知道了]"
    assert line in reminded(town, "李村")[0]
    assert "「加强督导」阶段结束、市抽查完成：10月31日，还剩 7 个工作日 [知道了]" in reminded(town, "郑市")[0]
    assert await town.press("李村", "知道了") == ["好的，这一项不再提醒您。"]
    reminded(town, "赵村")
    await morning(town, date(2022, 10, 26))
    assert not reminded(town, "李村")
    assert len(reminded(town, "赵村")) == 1


async def test_submitting_silences_and_returning_takes_up_where_it_was(town: Town) -> None:
    """Returned on the very day on which its first overdue reminder had gone out: the next one still comes."""
    problem = await add(town, deadline=date(2022, 10, 12))
    await morning(town, date(2022, 10, 14))
    assert "10月12日，逾期 2 个工作日" in reminded(town, "李村")[0]
    await submit(town, problem)
    assert await rows(town, problem) == set()
    await town.press("周镇", "退回")
    await town.say("周镇", "照片看不清")
    await morning(town, date(2022, 10, 17))
    assert not reminded(town, "李村")
    await morning(town, date(2022, 10, 18))
    assert "10月12日，逾期 4 个工作日" in reminded(town, "李村")[0]


async def test_what_is_closed_is_not_spoken_of(town: Town) -> None:
    problem = await add(town, deadline=date(2022, 10, 14))
    await town.press_data("李村", f"/snooze problem {problem.id} 20221014")
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    for day in days(date(2022, 10, 13), date(2022, 10, 19)):
        await morning(town, day)
    assert not reminded(town, "李村")
    assert not reminded(town, "周镇")


async def test_a_phase_that_moves_twice_is_told_of_on_its_last_day_only(town: Town) -> None:
    plan = town.world.plan
    await morning(town, date(2022, 10, 20))
    town.world.plan = shift(plan, plan.phases[0].first + timedelta(days=14))
    await morning(town, date(2022, 10, 21))
    await morning(town, date(2022, 10, 24))
    town.world.plan = plan
    for name in ("李村", "赵村"):
        reminded(town, name)
    told = []
    for day in days(date(2022, 10, 25), date(2022, 11, 14)):
        await morning(town, day)
        told += [f"{day:%m-%d}" for line in reminded(town, "李村") if "排查整改" in line]
    assert told == ["10-26", "10-28", "10-31"]


async def test_with_nobody_in_post_the_town_is_told_at_once(town: Town) -> None:
    await end_posts(town, "李村", "赵村")
    await add(town, deadline=date(2022, 10, 13), units=())
    await morning(town, date(2022, 10, 13))
    assert "屋顶漏雨（待认领）：今天到期（责任人空缺或联系不上）" in reminded(town, "周镇")[0]
    assert not reminded(town, "李村")


async def test_who_cannot_be_reached_keeps_nobody_else_from_being_told(town: Town) -> None:
    await block(town, "李村")
    await add(town, deadline=date(2022, 10, 13), units=())
    await morning(town, date(2022, 10, 13))
    assert not reminded(town, "李村")
    assert len(reminded(town, "赵村")) == 1
    assert not reminded(town, "周镇")


async def test_where_all_are_unreachable_the_town_is_told(town: Town) -> None:
    await block(town, "李村", "赵村")
    await add(town, deadline=date(2022, 10, 13), units=())
    await morning(town, date(2022, 10, 13))
    assert "联系不上" in reminded(town, "吴镇")[0]


async def test_a_send_that_finds_a_chat_blocked_fails_alone(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 13))
    town.platform.fails = [Blocked("bot was blocked by the user")]
    await morning(town, date(2022, 10, 13))
    got = [name for name in ("李村", "赵村", "王建") if reminded(town, name)]
    assert len(got) == 2
    async with town.database.read() as conn:
        assert [trouble.state for trouble in await outbox.troubles(conn)] == [outbox.FAILED]


async def test_whoever_holds_the_post_on_the_day_is_told(town: Town) -> None:
    await add(town, deadline=date(2022, 10, 17), units=())
    await hand_over(town, "李村", "新来的")
    await morning(town, date(2022, 10, 17))
    assert "屋顶漏雨" in reminded(town, "新来的")[0]
    assert not reminded(town, "李村")


async def test_two_workers_at_once_write_one_message(town: Town) -> None:
    """Each may find a part of what is due; it must not become two messages, nor fail."""
    for number in range(30):
        await add(town, f"第{number}处漏雨", deadline=date(2022, 10, 13))
    town.now = datetime(2022, 10, 13, 7, 30, tzinfo=SHANGHAI)

    async def work() -> int:
        async with transaction(town.database, town.now) as tx:
            await town.caches.refresh(tx.conn)
            return await remind.fire(tx, town.world)

    fired = await asyncio.gather(*(work() for _ in range(4)))
    await town.settle()
    # the day before, which is past, and the day itself; six people have nothing due and hear of other things
    assert sorted(fired) == [0, 0, 0, 66]
    assert [len(town.unread(name)) for name in ("孙村", "周镇", "郑市")] == [1, 1, 1]
    assert [len(reminded(town, name)) for name in ("李村", "赵村", "王建")] == [1, 1, 1]


@pytest.mark.postgres_only
async def test_while_one_worker_claims_another_finds_nothing(town: Town) -> None:
    """Else one person's reminders could be shared out between two messages of the same day."""
    for number in range(5):
        await add(town, f"第{number}处漏雨", deadline=date(2022, 10, 13))
    town.now = datetime(2022, 10, 13, 7, 30, tzinfo=SHANGHAI)
    async with town.transaction() as first:
        assert (await claim(first, 3, request="test"))[0] == 3
        async with town.transaction() as second:
            assert (await claim(second, 100, request="test"))[0] == 0
    async with town.transaction() as third:
        assert (await claim(third, 100, request="test"))[0] == 7


async def test_an_unknown_calendar_is_reported_once_and_in_the_window(town: Town) -> None:
    without_questions(town)
    town.now = datetime(2035, 1, 1, 0, 10, tzinfo=SHANGHAI)  # a Monday
    await town.tick()
    assert not town.unread("周镇")
    for day in days(date(2035, 1, 1), date(2035, 3, 1)):
        await morning(town, day, time(7, 30))
        async with town.database.write() as conn:
            await outbox.purge(conn, town.now)
    for name in ("周镇", "吴镇"):
        [line] = [line for line in town.unread(name) if "节假日" in line]
        assert "2035 年的节假日安排还没有收录" in line
    assert not [line for line in town.unread("李村") if "节假日" in line]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_nobody_gets_two_messages_a_day(town: Town, seed: int) -> None:
    """Random deadlines, downtimes, snoozes and hours: at most one a day, in the window, on working days."""
    without_questions(town)
    chance = random.Random(seed)
    town.now = datetime(2022, 9, 29, 9, 0, tzinfo=SHANGHAI)
    for number in range(12):
        deadline = date(2022, 10, 1) + timedelta(days=chance.randrange(30))
        await add(town, f"第{number}处", deadline=deadline, region=chance.choice([BAITA, WAFANG]))
    got: Counter[tuple[str, date]] = Counter()
    for day in days(date(2022, 9, 30), date(2022, 11, 8)):
        if chance.random() < 0.3:  # the machine is off
            continue
        for hour in sorted(chance.sample(range(24), 2)):
            await morning(town, day, time(hour))
            for name in town.people:
                for line in reminded(town, name):
                    got[name, day] += 1
                    assert is_workday(day)
                    assert PLAN.reminders.opens <= time(hour) < time(21)
                    assert line.split(" [")[0].count(" / ") <= 5
                    labels = [button.label for row in town.inboxes[name][-1].buttons for button in row]
                    again = [label for label in labels if "再提醒" in label]
                    if again and chance.random() < 0.3:
                        assert "再提醒您" in (await town.press(name, again[0]))[-1]
    assert len(got) > 20
    assert set(got.values()) == {1}


@pytest.mark.slow
async def test_the_whole_plan_morning_by_morning(town: Town) -> None:
    """From mobilisation to assessment; what three people got is kept in `whole_plan.txt` to be read."""
    town.now = datetime(2022, 9, 30, 7, 0, tzinfo=SHANGHAI)
    problems: dict[str, Problem] = {}
    told: list[str] = []
    got: Counter[tuple[str, date]] = Counter()
    for day in days(date(2022, 9, 30), date(2022, 11, 15)):
        await morning(town, day)
        lines = {name: reminded(town, name) for name in town.people}
        got.update({(name, day): len(texts) for name, texts in lines.items() if texts})
        told += _page(day, {name: lines[name] for name in WATCHED})
        town.now = datetime.combine(day, time(9), SHANGHAI)
        told += await _work_of_the_day(town, f"{day:%m-%d}", problems)
        await town.tick()
        lines = {name: reminded(town, name) for name in town.people}
        got.update({(name, day): len(texts) for name, texts in lines.items() if texts})
        told += [f"{name}< {text}" for name in WATCHED for text in lines[name]]
    assert set(got.values()) == {1}
    assert all(is_workday(day) for _, day in got)
    if os.environ.get("CUNBAO_RECORD"):
        _write(WHOLE_PLAN, told)
    assert told == _read(WHOLE_PLAN)


async def _work_of_the_day(town: Town, day: str, problems: dict[str, Problem]) -> list[str]:
    """What people do in the story of the whole plan."""
    if day == "10-12":
        problems["roof"] = await add(town, "屋顶漏雨", deadline=date(2022, 10, 21))
        problems["pipe"] = await add(town, "自来水时断时续", deadline=date(2022, 10, 26), units=("water",))
        problems["road"] = await add(town, "村路坑洼", deadline=date(2022, 10, 28), units=("villages",))
        return [f"-- {town.now:%Y-%m-%d %H:%M} 台账来了三个问题：1号 21日、2号 26日、3号 28日到期"]
    if day == "10-20":
        await submit(town, problems["roof"])
        return [f"-- {town.now:%Y-%m-%d %H:%M} 李村提交了 1号"]
    if day == "10-24":
        await town.press("周镇", "验收通过")
        for name in town.people:
            town.unread(name)
        return [f"-- {town.now:%Y-%m-%d %H:%M} 周镇验收了 1号"]
    if day == "11-03":
        await submit(town, problems["pipe"])
        return [f"-- {town.now:%Y-%m-%d %H:%M} 李村提交了 2号，3号一直没有办"]
    return []


def _page(day: date, lines: dict[str, list[str]]) -> list[str]:
    heard = [f"{name}< {text}" for name, texts in lines.items() for text in texts]
    return [f"-- {day} 周{'一二三四五六日'[day.weekday()]}", *heard] if heard else []


async def rows(town: Town, problem: Problem) -> set[str]:
    """The stages still to come of a problem."""
    query = sa.select(reminders.c.stage).where(reminders.c.subject_id == str(problem.id), reminders.c.state == PENDING)
    async with town.database.read() as conn:
        return set((await conn.execute(query)).scalars())


async def end_posts(town: Town, *names: str) -> None:
    async with town.transaction() as tx, tx.session("test", "end") as session:
        for name in names:
            held = await session.read(sa.select(posts.c.id).where(posts.c.person_id == town.people[name]))
            for row in held:
                await Store(session).people.end_post(row.id)


async def appoint(town: Town, name: str, region: str) -> None:
    async with town.transaction() as tx, tx.session("test", "appoint") as session:
        Store(session).people.appoint(town.people[name], Role.VILLAGE, region=region)


async def hand_over(town: Town, old: str, new: str, region: str = BAITA) -> None:
    await end_posts(town, old)
    async with town.transaction() as tx, tx.session("test", "add") as session:
        town.people[new] = Store(session).people.add(new)
    await appoint(town, new, region)
    await town.bind(new)


async def block(town: Town, *names: str) -> None:
    addresses: Sequence[str] = [f"test:{name}" for name in names]
    async with town.transaction() as tx, tx.session("test", "block") as session:
        await session.change(chats.update().where(chats.c.address.in_(addresses)).values(blocked_at=town.now))
        session.touch("people")
