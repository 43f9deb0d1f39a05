"""What is known before it is asked: guesses stand for answers, are shown to be confirmed, and are used only once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handlers.engine.chat import Chat
from handlers.engine.journal import LEFT_OUT, Guesses
from handlers.engine.questions import HouseholdChoice, Number, Text
from storage.mail.talks import Guess
from tests.support.conversations import known_as
from tests.support.town import Town

pytestmark = pytest.mark.sqlite_only


async def visit(chat: Chat) -> None:
    home = await chat.ask("home", HouseholdChoice("哪一户？", within=["220881100203"]))
    count = await chat.ask("count", Number("几口人？", low=1, high=9))
    note = await chat.ask_optional("note", Text("还有什么？", optional=True))
    if await chat.confirm(f"{home.number} {count} {note or '没说'}"):
        await chat.say(f"存了：{home.number} {count} {note or '没说'}，{'猜的' if chat.guessed('home') else '说的'}")


class Guesser:
    """Becomes `visit` with what it is told to guess."""

    def __init__(self, guesses: Guesses, lead: str = "") -> None:
        self.guesses = guesses
        self.lead = lead

    async def __call__(self, chat: Chat) -> None:
        await chat.ask("said", Text("说一句？"))
        chat.become("visit", guesses=dict(self.guesses), lead=self.lead)


@pytest.fixture
def guesser() -> Iterator[Guesser]:
    made = Guesser({})
    with known_as("visit", visit, title="走访"), known_as("tell", made, first_question="said"):
        yield made


async def zhang_san(town: Town) -> dict[str, object]:
    return (await town.household(1001)).model_dump()


async def say(town: Town, words: str) -> str:
    """With a new process before it."""
    await town.restart()
    return "\n".join(await town.say("李村", words))


async def press(town: Town, label: str) -> str:
    await town.restart()
    return "\n".join(await town.press("李村", label))


async def test_one_sentence_and_one_tap(town: Town, guesser: Guesser) -> None:
    guesser.guesses = {"home": Guess(await zhang_san(town)), "count": Guess("3"), "note": LEFT_OUT}
    card = await say(town, "张三家三口人")
    assert card.startswith("1001 3 没说 [提交][取消]")
    assert "[改 哪一户：一屯张三家（户号 1001）]" in card
    assert "[改 还有什么：未填]" in card
    assert "存了：1001 3 没说，猜的" in await press(town, "提交")


async def test_only_what_is_missing_is_asked(town: Town, guesser: Guesser) -> None:
    guesser.guesses = {"home": Guess(await zhang_san(town)), "note": Guess("院里有狗")}
    assert (await say(town, "张三家")).startswith("几口人？")
    assert (await say(town, "4")).startswith("1001 4 院里有狗")


async def test_the_likely_answers_are_offered(town: Town, guesser: Guesser) -> None:
    twins = [(await town.household(number)).id for number in (1004, 1005)]
    guesser.guesses = {"home": Guess(twins, part=True), "count": Guess("2"), "note": LEFT_OUT}
    asked = await say(town, "刘伟家")
    assert asked.startswith("是哪一户？")
    assert "户号 1004" in asked
    assert "户号 1005" in asked
    assert (await say(town, "2")).startswith("1005 2 没说")


async def test_each_part_is_changed_with_one_tap_and_not_guessed_again(town: Town, guesser: Guesser) -> None:
    guesser.guesses = {"home": Guess(await zhang_san(town)), "count": Guess("3"), "note": LEFT_OUT}
    await say(town, "张三家三口人")
    assert (await press(town, "改 哪一户：一屯张三家（户号 1001）")).startswith("✎") is False
    assert (await say(town, "曾国强")).startswith("1003 3 没说")
    assert "几口人" in await press(town, "改 几口人：3")
    assert (await say(town, "5")).startswith("1003 5 没说")
    assert "还有什么" in await say(town, "上一步")


async def test_a_guess_that_fits_no_more_is_asked(town: Town, guesser: Guesser) -> None:
    guesser.guesses = {"home": Guess(await zhang_san(town)), "count": Guess("99"), "note": LEFT_OUT}
    guesser.lead = "听到了。"
    assert (await say(town, "张三家九十九口人")).startswith("听到了。 / 几口人？")


async def test_who_may_not_is_told_and_stays_where_they_were(town: Town) -> None:
    with known_as("visit", visit, title="走访", roles=set()), known_as("tell", Guesser({}), first_question="said"):
        assert "没有这一项" in await say(town, "张三家三口人")
        assert "没有这一项" in await say(town, "张三家三口人")
