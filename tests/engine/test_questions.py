"""Every kind of question, fed every kind of message: a good answer, a part of one, or one kind sentence."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import pkgutil
import shutil
import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import handlers.engine.questions
from handlers.engine.asides import SteppedAside
from handlers.engine.chat import Chat
from handlers.engine.form import mark_of
from handlers.engine.questions import Choice, Confirm, Day, HouseholdChoice, IdNumber, Number, Phone, Several, Text
from handlers.engine.questions.base import Answer, More, Question, Stale
from handlers.engine.said import Said
from handlers.engine.unwind import Rewound
from handlers.engine.world import World
from handlers.notices.questions import ConfirmSending
from handlers.reading import Unreadable
from storage.cases.records import Clue
from storage.database.base import new_id, to_base36
from storage.database.connection import sqlite_url
from storage.database.reading import Damage
from storage.files.media import MediaStore
from storage.mail import inbox
from storage.mail.messages import Incoming, Place, SentFile
from storage.mail.talks import Talk
from storage.people.persons import Person, Post, Role
from storage.roster import Household, Roster
from storage.store import Store
from tests.support.plan import PLAN
from tests.support.town import ROSTER, START, VAULT, Town

OPTIONS = (("edu", "义务教育"), ("house", "住房安全"), ("water", "饮水安全"))
HOUSEHOLDS = [
    Household(id=number, number=number, village=village, group_name=group, head=head, kind=kind)
    for number, village, group, head, kind in ROSTER
]
FILE = SentFile(sha256="a" * 64, kind="photo")
LONGEST_SENTENCE = 140

KEYS = ["photos", "place", "id", "head", "sha256", "percent", "latitude"]
"""Of answers as they are kept."""

FIELDS: dict[str, Any] = {
    "prompt": "请回答",
    "options": OPTIONS,
    "within": ["2208811"],
    "endings": (".xlsx", ".csv"),
    "instead": (("paste", "粘贴文字"),),
    "known": "李明",
    "unit": "户",
    "sample": "6户",
    "example": "屋顶已重铺瓦",
    "people": (("1", "李村"), ("2", "赵村")),
    "village": "白塔村",
    "indicators": PLAN.indicators[:2],
    "year": 2022,
    "since": START.date(),
    "early": "这天太早了，请发今天或以后的日子。",
    "late": "这天太远了，请发近一点的日子。",
    "asked": Text("请回答"),
}
"""What a sample of a question is made of, by the name of the field."""

OWN_FIELDS: dict[str, dict[str, Any]] = {"TrueFalse": {"options": (("t", "对"), ("f", "错"))}, "NameTailOrCode": {"digits": 8}}
"""Where a question takes only fields of its own kind."""


def kinds_of_question() -> list[type[Question[Any]]]:
    """Every question there is, so that a new one is tested without being named here."""
    for module in pkgutil.walk_packages(handlers.__path__, "handlers."):
        importlib.import_module(module.name)
    found: list[type[Question[Any]]] = []
    waiting: list[type[Question[Any]]] = [Question]
    while waiting:
        below = [kind for kind in waiting.pop().__subclasses__() if kind.__module__.startswith("handlers.")]
        found += below
        waiting += below
    return sorted(found, key=lambda kind: kind.__name__)


def sample(kind: type[Question[Any]], *, optional: bool) -> Question[Any]:
    given = {field.name: FIELDS[field.name] for field in dataclasses.fields(kind) if field.name in FIELDS}
    given |= OWN_FIELDS.get(kind.__name__, {})
    return kind(**given, optional=optional)


KINDS = kinds_of_question()


async def _no_rows(*_: Any) -> list[Any]:
    return []


def chat_asking(question: Question[Any], partial: Any = None, talk: Talk | None = None) -> Chat:
    """A chat in which one question is answered already and `question` is open."""
    session = SimpleNamespace(now=START, read=_no_rows, vault=VAULT, record=Damage().one, records=Damage().read)
    talk = talk or Talk(1, "test:李村", 7, "fake", START, answers={"before": "已答的"}, asked="open", partial=partial)
    person = Person(id=7, name="李村", posts=(Post(id=1, person_id=7, role=Role.VILLAGE, region="220881100203"),))
    world = World(PLAN, MediaStore(Path("/nonexistent"), VAULT), Roster(HOUSEHOLDS))
    chat = Chat(world, Store(session), person, talk, None)  # type: ignore[arg-type]
    with suppress(StopIteration):  # answered already, so that nothing is awaited
        chat.ask("before", Text("先说一句")).send(None)
    return chat


# What people send --------------------------------------------------------------------------------------------------

CURIOUS = st.sampled_from(
    [
        "", " ", "\0", "\x00\x00", "a\0b", "\ud800",
        "\udfff前后\ud83d", "‮abc‬", "مرحبا بكم", "שלום\u200f", "😀" * 50, "👨‍👩‍👧‍👦",
        "家", "的", "号", "。", "\n\n\n", "\u2028", "１２", "①", "¼",
        "²", "٣", "十", "万", "-1", "0", "1e9", "NaN", "Infinity", "inf",
        "9" * 30, "9" * 5000, "1 4", "1-3", "1到99", "全部", "都没有",
        "张三", "zs", "1001", "刘伟", "lw", "13812345678", "+86 138",
        "11010519491231002X", "110105194912310021", "昨天", "10月31日", "2月30日", "99999年1月1日", "0000-00-00", "31号",
        "/help", "/back", "/", "//", "取消", "上一步", "跳过", "完成", "提交",
        "修改", "1", "2", "3", "张三 1234", "李明 13812345678",
        "<b>粗</b>", "' OR 1=1 --", "{}", "%s%n", "没问题", "字" * 10_000, "9" * 10_000, "\n" * 10_000, "👍" * 10_000,
        "张三" * 5000, "1 " * 5000, "‮" * 10_000, "十" * 10_000, "X" * 10_000, "/" * 10_000,
    ]
)  # fmt: skip
TEXTS = CURIOUS | st.text(max_size=80) | st.text("0123456789一二三十百千万亿点零.,-年月日号前后个半成", max_size=20)
NUMBERS = st.floats(-180, 180)
FILES = st.lists(
    st.builds(
        SentFile,
        sha256=st.sampled_from(["a" * 64, "b" * 64, "c" * 64]) | st.integers(0, 9).map(lambda n: str(n) * 64),
        kind=st.sampled_from(["photo", "document", "voice"]),
        name=TEXTS | st.sampled_from(["名单.xlsx", "a.CSV", "x.exe", ".xlsx"]),
    ),
    max_size=8,
)
PICKS = (
    TEXTS
    | st.sampled_from([value for value, _ in OPTIONS])
    | st.sampled_from(["~done", "~back", "~skip", "~later", "~cancel", "~what", "yes", "no", "edit", "before", "known"])
    | st.sampled_from(["paste", "new", "done", "25", "100", "1001", "1004", "999999999999999999999999", "-5"])
)


@st.composite
def messages(draw: st.DrawFn) -> Incoming:
    """Anything a platform could hand over, also what none of ours would."""
    what = draw(st.sampled_from(["text", "text", "choice", "files", "place", "contact", "all"]))
    everything = what == "all"
    return Incoming.model_construct(
        address="test:李村",
        key="k",
        at=START,
        text=draw(TEXTS) if what in ("text", "all", "files") else None,
        choice=draw(PICKS) if what == "choice" else None,
        pressed="1" if what == "choice" else None,
        files=tuple(draw(FILES)) if what in ("files", "all") else (),
        place=Place(latitude=draw(st.floats(-90, 90)), longitude=draw(st.floats(-180, 180)))
        if what == "place" or everything
        else None,
        contact_phone=draw(TEXTS) if what == "contact" or everything else None,
        trouble=draw(st.sampled_from([None, "这个文件太大了，请压缩后再发。"])),
    )


def said_of(message: Incoming) -> Said:
    return Said.of(message, pick=message.choice)


# What they may get for it ------------------------------------------------------------------------------------------


def hidden(words: str) -> list[str]:
    """Characters that show nothing and may turn the rest around; the joiner of emoji is none of them."""
    return [char for char in words if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\u200d"]


def assert_kind_sentence(words: str, message: Incoming) -> None:
    """One short Chinese sentence or two, on one line, that shows nothing of our insides."""
    assert words.strip()
    assert len(words) <= LONGEST_SENTENCE, words
    assert "\n" not in words
    assert not hidden(words), repr(words)
    assert any("\u4e00" <= char <= "\u9fff" for char in words), words
    sent = " ".join(str(part) for part in (message.text, message.choice, message.files))
    for inside in ("Error", "Exception", "Traceback", "None", "validation", "object at 0x", "KeyError"):
        assert inside not in words or inside in sent


def assert_fits(question: Question[Any], chat: Chat, raw: Any) -> None:
    """An answer is kept as JSON, comes back as a value, and can be told in a few words."""
    kept = json.loads(json.dumps(raw, ensure_ascii=False).encode())
    question.restore(kept)
    told = question.in_words(kept)
    assert len(told) <= LONGEST_SENTENCE
    assert "\n" not in told
    assert not hidden(told), repr(told)


def listen(question: Question[Any], partial: Any, message: Incoming) -> Any:
    """One message for an open question; returns what is known of its answer afterwards."""
    chat = chat_asking(question, partial)

    async def play() -> Any:
        await question.show(partial, chat)
        try:
            outcome = await question.read(said_of(message), partial, chat)
        except Unreadable as error:
            assert_kind_sentence(str(error), message)
            return partial
        except Rewound:  # an answer was chosen to be changed
            assert isinstance(question, (Confirm, ConfirmSending))
            return None
        except SteppedAside:  # its file is read beside the chats; then the message comes again
            assert message.files
            return partial
        if isinstance(outcome, Answer):
            assert_fits(question, chat, outcome.raw)
            return None
        assert isinstance(outcome, More)
        if outcome.note is not None:
            assert_kind_sentence(outcome.note, message)
        await question.show(outcome.partial, chat)
        return json.loads(json.dumps(outcome.partial, ensure_ascii=False).encode())

    return asyncio.run(play())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(sent=st.lists(messages(), min_size=1, max_size=4), optional=st.booleans())
@settings(max_examples=50)
def test_any_message_is_answer_part_or_kind_sentence(kind: type[Question[Any]], sent: list[Incoming], optional: bool) -> None:
    question = sample(kind, optional=optional)
    partial: Any = None
    for message in sent:
        partial = listen(question, partial, message)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "engine" in kind.__module__], ids=lambda kind: kind.__name__)
@given(raw=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4)
       | st.dictionaries(st.sampled_from(KEYS), st.integers()))  # fmt: skip
@settings(max_examples=30)
def test_an_answer_of_another_version_is_taken_or_asked_again(kind: type[Question[Any]], raw: Any) -> None:
    """After an update the journal may hold what the question no longer knows; that is no failure."""
    question = sample(kind, optional=False)
    try:
        question.restore(raw)
    except Stale:
        return
    assert isinstance(question.in_words(raw), str)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_question_says_what_it_wants(kind: type[Question[Any]]) -> None:
    """Short enough for a phone, with buttons that Telegram takes (64 bytes with talk and question before them)."""
    question = sample(kind, optional=True)
    prompt = asyncio.run(question.show(None, chat_asking(question)))
    assert question.prompt in prompt.text
    prefix = f"{to_base36(new_id())}:{mark_of('detail')}:"
    for value, label in (option for row in prompt.rows for option in row):
        assert label
        assert len((prefix + value).encode()) <= 64


@given(parts=st.lists(messages(), min_size=1, max_size=5))
@settings(max_examples=50)
def test_photos_already_sent_survive_whatever_follows(parts: list[Incoming]) -> None:
    question = handlers.engine.questions.Photos("拍照", most=20)
    partial: Any = {"photos": [FILE.sha256], "place": None}
    for message in parts:
        after = listen(question, partial, message)
        if after is None:
            return
        assert set(partial["photos"]) <= set(after["photos"])
        partial = after


@given(junk=messages().filter(lambda message: message.choice is None))
@settings(max_examples=50)
def test_ticked_options_survive_what_cannot_be_read(junk: Incoming) -> None:
    after = listen(Several("有什么困难？", OPTIONS), ["house"], junk)
    assert after in (None, ["house"])


# Whole questions, as people would answer them ----------------------------------------------------------------------


async def answer(question: Question[Any], text: str = "", partial: Any = None, **more: Any) -> Any:
    message = Incoming(address="test:李村", key="k", at=START, text=text, **more)
    outcome = await question.read(said_of(message), partial, chat_asking(question, partial))
    assert isinstance(outcome, Answer)
    return question.restore(outcome.raw)


@pytest.mark.parametrize(
    ("question", "said", "meant"),
    [
        (Text("怎么了？"), "屋顶\0漏\u202e雨", "屋顶漏雨"),
        (Number("几户？", unit="户"), "３０户", 30),
        (Number("几户？", unit="户"), "两百零三", 203),
        (Day("哪天？"), "昨天", START.date().replace(day=11)),
        (Phone("电话？"), "一三八 1234 5678", "13812345678"),
        (IdNumber("身份证？"), "11010519491231002x", "11010519491231002X"),
        (Choice("哪项？", OPTIONS), "二", "house"),
        (Choice("哪项？", OPTIONS), "饮水", "water"),
        (Several("哪些？", OPTIONS), "3 1", ["edu", "water"]),
        (Confirm("对吗？"), "嗯", True),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_said_as_people_say_it(question: Question[Any], said: str, meant: Any) -> None:
    assert await answer(question, said) == meant


async def test_a_household_can_be_named_anew_among_namesakes() -> None:
    question = HouseholdChoice("哪一户？", within=["220881100203"])
    chat = chat_asking(question)
    namesakes = await question.read(Said("刘伟"), None, chat)
    assert isinstance(namesakes, More)
    assert len(namesakes.partial) == 2
    assert (await answer(question, "2", namesakes.partial)).number == 1005
    assert (await answer(question, "张三", namesakes.partial)).number == 1001


async def test_a_household_out_of_reach_is_not_found() -> None:
    question = HouseholdChoice("哪一户？", within=["220881100203"])
    for said in ("马六", "ml", "2002"):
        with pytest.raises(Unreadable, match="没找到"):
            await question.read(Said(said), None, chat_asking(question))


async def test_one_photo_short_of_the_most_still_waits_and_the_last_one_ends_it() -> None:
    question = handlers.engine.questions.Photos("拍照", most=2)
    chat = chat_asking(question)
    first = await question.read(Said(files=(FILE,)), None, chat)
    assert isinstance(first, More)
    again = await question.read(Said(files=(FILE,)), first.partial, chat)
    assert isinstance(again, More), "the same photo sent twice counts once"
    other = SentFile(sha256="b" * 64, kind="photo")
    assert isinstance(await question.read(Said(files=(other,)), again.partial, chat), Answer)


async def test_a_voice_message_is_answered_with_how_to_write_by_speaking() -> None:
    voice = SentFile(sha256="a" * 64, kind="voice")
    with pytest.raises(Unreadable, match="语音输入转成文字"):
        await answer(Text("请说说情况"), files=(voice,))


async def test_separators_alone_choose_nothing() -> None:
    """They once gave an empty list, which no question takes back."""
    for said in ("/", "+", "&&", "、"):
        with pytest.raises(Unreadable):
            await answer(Several("哪些？", OPTIONS), said)


# A whole report in the middle of noise -----------------------------------------------------------------------------

NOISE = st.sampled_from(
    ["\0", "a\0b\0", "\u202eabc\u202c", "مرحبا بكم", "👨‍👩‍👧‍👦" * 30, "😀" * 10_000, "字" * 10_000, "\u2028\n\n", "\u200f"]
) | st.text("\u0627\u0628\u202e\u200b\0😀", max_size=30)
TOO_LONG_OR_NOTHING = st.sampled_from(["", "\0", "\u200b\n\0", "字" * 501, "😀" * 10_000, "\n" * 10_000])
BUTTONS = st.sampled_from(
    ["", ":", "::", "0:0:house", "zzzzzzzzzzzzzzzzzz:1:2", "-1:x:~cancel", "\0:\0:\0", "٣:x:y", "字" * 3000,
     "{earlier}", "{another's}"]
)  # fmt: skip
VOICE = SentFile(sha256="d" * 64, kind="voice", name="‮fdp.exe")


def noise(words: st.SearchStrategy[str], *, photos: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Messages that are no answer to a question that wants other words, or photos."""
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [
        st.builds(lambda text: {"text": text}, words),
        st.builds(lambda says: {"choice": says, "pressed": "1"}, BUTTONS),
        st.just({"files": (VOICE,), "text": ""}),
        st.just({"text": "1", "private": False}),
    ]
    if photos:
        kinds.append(st.just({"files": (FILE,), "text": ""}))
        kinds.append(st.just({"place": Place(latitude=45.6, longitude=122.8), "text": ""}))
    return st.lists(st.one_of(kinds), max_size=3)


@given(
    before_household=noise(NOISE, photos=True),
    before_kinds=noise(NOISE, photos=True),
    before_detail=noise(TOO_LONG_OR_NOTHING, photos=True),
    before_photos=noise(NOISE, photos=False),
    before_confirm=noise(NOISE, photos=True),
    restart=st.booleans(),
)
@settings(max_examples=8, phases=(Phase.generate,))
def test_a_report_amid_noise_holds_exactly_the_good_answers(
    sqlite_template: Path,
    before_household: list[dict[str, Any]],
    before_kinds: list[dict[str, Any]],
    before_detail: list[dict[str, Any]],
    before_photos: list[dict[str, Any]],
    before_confirm: list[dict[str, Any]],
    restart: bool,
) -> None:
    async def play(folder: Path) -> None:
        path = folder / "cunbao.db"
        shutil.copy(sqlite_template, path)
        town = Town(sqlite_url(path), folder)
        await town.found()
        try:
            await town.say("赵村", "/report")
            await town.say("赵村", "刘伟")
            another = town.inboxes["赵村"][-1].buttons[0][0].says
            earlier = "0:0:0"
            await town.say("李村", "/report")
            await town.keep(b"voice", "audio/ogg")
            for junk, good in (
                (before_household, "zs"),
                (before_kinds, "2 4"),
                (before_detail, "厨房漏雨"),
                (before_photos, "跳过"),
                (before_confirm, "提交"),
            ):
                for message in junk:
                    if "choice" in message:
                        said = message["choice"].replace("{earlier}", earlier).replace("{another's}", another)
                        got = await town.press_data("李村", said)
                    else:
                        got = await town.say("李村", **message)
                    assert got, f"silence after {message}"
                    for line in got:
                        assert not any(word in line for word in ("Error", "Traceback", "Exception", "对不起"))
                earlier = town.inboxes["李村"][-1].buttons[0][0].says if town.inboxes["李村"][-1].buttons else earlier
                if restart:
                    await town.restart()
                answered = await town.say("李村", good)
            assert any("已上报，编号 1。" in line for line in answered)
            async with town.transaction() as tx, tx.session() as session:
                store = Store(session)
                clue = await store.clues.numbered(1)
                assert isinstance(clue, Clue)
                assert (clue.kinds, clue.detail, clue.place) == (("housing", "medical"), "厨房漏雨", None)
                assert town.world.roster.by_id[clue.household_id].number == 1001
                assert await store.attachments.of("clue", clue.id) == []
                assert await store.clues.numbered(2) is None
            async with town.database.read() as conn:
                assert await inbox.dead_letters(conn) == []
        finally:
            await town.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))


async def test_a_button_of_another_chat_changes_nothing(town: Town) -> None:
    """Neither answers for its owner nor for who presses it."""
    await town.say("赵村", "/report")
    await town.say("赵村", "zs")
    button = town.inboxes["赵村"][-1].buttons[0][0].says
    await town.say("李村", "/report")
    assert await town.press_data("李村", button) == ["✎", "这个按钮已经失效。发「菜单」看能办什么。"]
    assert await town.press_data("不认识的人", button) == [
        "✎",
        "还不认识您。 / 村干部、站所：请打开镇里发的邀请链接。 / 农户：请扫村里张贴的二维码。",
    ]
    assert "选好了" not in str(town.inboxes["赵村"])
    assert town.unread("赵村") == []
    assert "有什么困难" in (await town.say("李村", "zs"))[0]
