"""Signals against faking: found by rules, put to the town as questions, never as verdicts."""

from __future__ import annotations

import io
import random
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from handlers.engine.words import NOT_YOURS
from handlers.problems import signals_job as signals
from handlers.problems.signal_rules import BURST, BURST_WITHIN, bursts, distance_km, far_away, no_visit
from storage.database.base import SHANGHAI
from storage.mail.messages import Place
from storage.problems.deeds import Deed
from storage.problems.photo_hash import MOST_APART, Print, apart, dhash
from storage.problems.signals import SignalKind, problem_signals
from storage.problems.states import Action, ProblemState
from storage.store import Store
from tests.support.plan import WAFANG
from tests.support.problems import add, read, submit
from tests.support.town import Town

START = datetime(2022, 10, 12, 9, 0, tzinfo=SHANGHAI)
HASHES = st.integers(0, (1 << 64) - 1)


def picture(seed: int, size: int = 640) -> Image.Image:
    """A scene of soft, uneven shades, as a photo has."""
    rng = random.Random(seed)
    rough = Image.frombytes("L", (12, 12), bytes(rng.randrange(256) for _ in range(144)))
    return rough.resize((size, size * 3 // 4), Image.Resampling.BICUBIC).convert("RGB")


def saved(image: Image.Image, quality: int = 85, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def hashed(content: bytes) -> int:
    value = dhash(content)
    assert value is not None
    return value


@pytest.mark.parametrize("seed", range(5))
def test_a_photo_is_recognised_smaller_compressed_brighter_and_in_another_format(seed: int) -> None:
    image = picture(seed)
    first = hashed(saved(image))
    again = [
        saved(image, quality=30),
        saved(image.resize((200, 150))),
        saved(ImageEnhance.Brightness(image).enhance(1.1)),
        saved(image.filter(ImageFilter.GaussianBlur(2)), kind="PNG"),
    ]
    assert all(apart(first, hashed(content)) <= MOST_APART for content in again)


def test_different_photos_lie_far_apart() -> None:
    values = [hashed(saved(picture(seed, 200))) for seed in range(60)]
    assert min(apart(one, other) for one in values for other in values if one is not other) > MOST_APART


@pytest.mark.parametrize("content", [b"", b"photo", saved(Image.new("RGB", (64, 64), "white")), saved(picture(1))[:300]])
def test_what_shows_nothing_has_no_hash(content: bytes) -> None:
    assert dhash(content) is None


@given(HASHES, st.sets(st.integers(0, 63), max_size=12))
def test_bits_apart_are_counted(value: int, bits: set[int]) -> None:
    other = value
    for bit in bits:
        other ^= 1 << bit
    assert apart(value, other) == len(bits)


async def test_every_photo_within_six_bits_is_found_through_the_index(town: Town) -> None:
    problem = await add(town)
    sha256 = await town.keep(b"photo", "image/jpeg")
    rng = random.Random(7)
    stored = rng.getrandbits(64) | 1 << 63
    async with town.transaction() as tx, tx.session("test", "add") as session:
        photos = Store(session).photo_hashes
        photos.add(problem.id, town.people["李村"], shown=Print(sha256=sha256, hash=stored))
        for _ in range(150):
            count = rng.randrange(13)
            near = stored
            for bit in rng.sample(range(64), count):
                near ^= 1 << bit
            assert (await photos.first_alike(near) is not None) == (count <= MOST_APART)


def deed(action: Action = Action.SUBMIT, seconds: float = 0, number: int = 1, **more: object) -> Deed:
    fields = {
        "problem_id": number, "number": number, "region": WAFANG, "person_id": 1, "person": "李村", "action": action,
        "percent": 100, "letters": 0, "photos": 0, "place": None, "at": START + timedelta(seconds=seconds),
    }  # fmt: skip
    return Deed.model_validate(fields | more)


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from([Action.SUBMIT, Action.ACCEPT]), st.integers(1, 2))))
def test_a_burst_is_there_exactly_when_five_of_a_kind_lie_within_a_minute(done: list[tuple[int, Action, int]]) -> None:
    deeds = [deed(action, at, place, person_id=who) for place, (at, action, who) in enumerate(done)]
    in_runs = [one for run in bursts(deeds) for one in run]
    assert len({id(one) for one in in_runs}) == len(in_runs), "no deed belongs to two bursts"
    for one in deeds:
        alike = [other for other in deeds if (other.person_id, other.action) == (one.person_id, one.action)]
        windows = ([o for o in alike if first.at <= o.at <= first.at + BURST_WITHIN] for first in alike)
        assert (one in in_runs) == any(one in window and len(window) >= BURST for window in windows)


@pytest.mark.parametrize(
    ("history", "asked"),
    [
        ([deed()], True),
        ([deed(percent=60)], False),
        ([deed(Action.PROGRESS, letters=10), deed()], True),
        ([deed(Action.PROGRESS, letters=11), deed()], False),
        ([deed(Action.PROGRESS, photos=1), deed()], False),
        ([deed(Action.PROGRESS, place=Place(latitude=45.6, longitude=122.8)), deed()], False),
        ([deed(), deed(Action.RETURN, letters=40)], True),
        ([deed(Action.PROGRESS)], False),
    ],
)
def test_finished_without_a_visit(history: list[Deed], asked: bool) -> None:
    assert no_visit(history) is asked


def test_a_position_is_far_only_from_a_village_whose_place_is_known() -> None:
    near = [Place(latitude=45.60 + step / 1000, longitude=122.80) for step in range(5)]
    away = Place(latitude=45.75, longitude=122.80)
    assert far_away(away, near[:4]) is None
    assert far_away(near[0], near) is None
    assert far_away(away, near) == pytest.approx(16.5, abs=0.3)
    assert far_away(near[0], [*near, *[away] * 3]) is None, "a few wrong positions do not move the median"


@given(*[st.floats(-90, 90), st.floats(-180, 180)] * 2)
def test_distances_are_the_same_both_ways_and_never_more_than_half_way_round(
    north: float, east: float, other_north: float, other_east: float
) -> None:
    one, other = Place(latitude=north, longitude=east), Place(latitude=other_north, longitude=other_east)
    assert distance_km(one, other) == pytest.approx(distance_km(other, one), abs=1e-6)
    assert 0 <= distance_km(one, other) <= 20_016
    assert distance_km(one, one) == 0


async def run(town: Town, day: int = 13) -> int:
    town.now = datetime(2022, 10, day, 8, 5, tzinfo=SHANGHAI)
    async with town.transaction() as tx:
        await town.caches.refresh(tx.conn)
        told = await signals.tell(tx, town.world)
    await town.settle()
    return told


async def kinds(town: Town) -> list[SignalKind]:
    async with town.database.read() as conn:
        rows = await conn.execute(sa.select(problem_signals.c.kind).order_by(problem_signals.c.id))
        return [SignalKind(row.kind) for row in rows]


async def report(town: Town, number: int, photo: bytes, name: str = "李村") -> None:
    await town.say(name, f"/progress {number}")
    await town.send_photo(name, photo)
    await town.say(name, "瓦已换好，屋里不漏了，放心")
    await town.press(name, "50%")
    await town.press(name, "提交")


async def test_the_same_photo_for_two_problems_is_asked_about_once(town: Town) -> None:
    await add(town)
    await add(town, "另一处漏雨")
    image = picture(3)
    await report(town, 1, saved(image))
    assert await run(town) == 0
    await report(town, 2, saved(image.resize((320, 240)), quality=40), "赵村")
    assert await run(town, 14) == 2
    [told] = [line for line in town.unread("周镇") if "疑点" in line]
    assert "有 1 处想请镇里看一看，只是提问，不是结论" in told
    assert "2号 白塔村：10月13日的照片和 1号 10月12日的很像，是同一张吗？" in told
    assert await run(town, 14) == 0, "once a day"
    assert await run(town, 17) == 0, "and each question once"
    assert await kinds(town) == [SignalKind.PHOTO]


async def test_the_town_explains_or_goes_and_looks(town: Town) -> None:
    problem = await add(town)
    await submit(town, problem)
    await town.press("周镇", "验收通过")
    other = await add(town, "另一处漏雨")
    await submit(town, other)
    await run(town)
    assert await kinds(town) == [SignalKind.NO_VISIT] * 2
    town.unread("吴镇")
    shown = (await town.say("周镇", "疑点"))[-1]
    assert "1. 1号 白塔村：李村 10月12日报 100%，没有照片、定位，说明也很短，去看过吗？" in shown
    assert "[1 说明正常][1 去抽查] [2 说明正常][2 看问题]" in shown
    await town.press("周镇", "2 说明正常")
    assert "记下了：2号" in (await town.say("周镇", "我和他一起去看的"))[-1]

    await town.say("吴镇", "/signals")
    await town.press("吴镇", "1 去抽查")
    await town.press("吴镇", "属实，保持销号")
    await town.say("吴镇", "瓦是新的")
    await town.press("吴镇", "跳过")
    assert (await read(town, problem)).state is ProblemState.CLOSED
    assert "没有要看的疑点" in (await town.say("周镇", "/signals"))[-1]
    assert "吴镇已在 10月13日 08:05 答复：抽查属实：瓦是新的" in (await town.press("周镇", "1 说明正常"))[-1]
    assert await run(town, 14) == 0


async def act(town: Town, number: int, place: Place | None = None) -> None:
    problem = await add(town, f"第{number}处漏雨", deadline=date(2022, 10, 25))
    async with town.transaction() as tx, tx.session("test", "act") as session:
        problems = Store(session).problems
        by = town.people["李村"]
        problem = await problems.move(problem, Action.CLAIM, state=ProblemState.WORKING, by=by)
        text = "瓦已换好，屋里不漏了，放心"
        problem = await problems.move(
            problem, Action.PROGRESS, state=ProblemState.WORKING, by=by, text=text, percent=100, place=place
        )
        await problems.move(problem, Action.SUBMIT, state=ProblemState.REVIEW, by=by)


async def test_a_burst_is_one_question_about_its_first_problem(town: Town) -> None:
    for number in range(1, 8):
        await act(town, number)
        town.now += timedelta(seconds=10)
    await run(town)
    told = "".join(town.unread("周镇"))
    assert "1号 白塔村：李村 10月12日 09:00 起一分钟左右提交验收 7 件" in told
    assert await kinds(town) == [SignalKind.BURST]


async def test_a_position_far_from_where_the_village_reports_from(town: Town) -> None:
    for number in range(1, 7):
        town.now += timedelta(minutes=20)
        await act(town, number, Place(latitude=45.6 + number / 1000, longitude=122.8))
    town.now += timedelta(minutes=20)
    await act(town, 7, Place(latitude=46.0, longitude=122.8))
    await run(town)
    assert "7号 白塔村：李村 10月12日 11:20 的定位离白塔村常见位置约 44 公里，当时在现场吗？" in "".join(town.unread("吴镇"))
    assert await kinds(town) == [SignalKind.FAR]


@pytest.mark.sqlite_only
async def test_nothing_is_asked_on_a_day_off_and_it_is_not_lost(town: Town) -> None:
    await submit(town, await add(town))
    assert await run(town, 15) == 0  # a Saturday
    assert await run(town, 17) == 2


@pytest.mark.sqlite_only
async def test_questions_are_the_towns_alone(town: Town) -> None:
    await submit(town, await add(town))
    await run(town)
    for name in ("李村", "王建", "郑市"):
        assert await town.say(name, "/signals") == [NOT_YOURS]
    assert await town.say("周镇", "/signals zzz") == [NOT_YOURS]
