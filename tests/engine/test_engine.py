"""Replay: a conversation goes on from its answers, whatever happened to the process, the code or the person's mind."""

from __future__ import annotations

from typing import cast

import pytest
import sqlalchemy as sa

from handlers.engine.chat import Chat
from handlers.engine.conversation import by_name, conversation, conversation_for_file, conversations
from handlers.engine.desk import EXPIRES
from handlers.engine.questions import Choice, Number, Several, Text
from handlers.engine.world import World
from storage.database.reading import Damage
from storage.mail import inbox, talks
from storage.mail.talks import Guess, Talk, rows_of
from storage.people.persons import Role
from storage.store import Store
from tests.support.conversations import form, known_as
from tests.support.town import START, VAULT, Town
from tests.support.transcripts import play

pytestmark = pytest.mark.sqlite_only

SPOTS = (("east", "东屯"), ("west", "西屯"))


async def answers(town: Town) -> dict[str, object]:
    """The journal of the one open talk."""
    async with town.database.read() as conn:
        addresses = [f"test:{name}" for name in town.people]
        ((talk,),) = (await talks.open_talks(conn, town.database.vault, addresses, Damage()))[0].values()
    return talk.answers


async def tell(town: Town, name: str, *said: str) -> list[str]:
    """Say it all, with a new process before each message; returns what the last one got."""
    heard: list[str] = []
    for words in said:
        await town.restart()
        heard = await town.say(name, words)
    return heard


# Once and recall ---------------------------------------------------------------------------------------------------


class Shop:
    """Counts what it does, and asks around it."""

    def __init__(self) -> None:
        self.sold = 0
        self.looked_up: list[str] = []

    async def __call__(self, chat: Chat) -> None:
        what = await chat.ask("what", Text("要什么？"))
        price = await chat.recall("price", lambda: self._look_up(what))
        await chat.ask("sure", Text(f"{price} 元，要吗？"))
        number = await chat.once("sale", self._sell)
        note = await chat.ask("note", Text("留个言？"))
        if await chat.confirm(f"{what} {price} 第{number}单 {note}"):
            await chat.say(f"第{number}单成了")

    async def _look_up(self, what: str) -> int:
        self.looked_up.append(what)
        return 10 * len(self.looked_up)

    async def _sell(self) -> int:
        self.sold += 1
        return self.sold


async def test_what_is_done_once_is_done_once_over_restarts_and_second_thoughts(town: Town) -> None:
    shop = Shop()
    with known_as("shop", shop):
        heard = await tell(town, "李村", "/shop", "瓦", "要", "快点", "上一步", "慢慢来", "修改", "1", "还是快点", "提交")
    assert heard == ["第1单成了"]
    assert shop.sold == 1


async def test_nobody_goes_back_behind_what_was_done_once(town: Town) -> None:
    shop = Shop()
    with known_as("shop", shop):
        heard = await tell(town, "李村", "/shop", "瓦", "要")
        assert "[上一步]" not in heard[-1]
        assert (await tell(town, "李村", "上一步"))[0].startswith("已经是第一步了。")
        summary = await tell(town, "李村", "快点", "修改")
        assert "[1 留个言：快点]" in summary[-1]
        assert "要什么" not in summary[-1]
    assert shop.sold == 1


async def test_what_was_looked_up_stays_until_an_answer_before_it_changes(town: Town) -> None:
    shop = Shop()
    with known_as("shop", shop):
        heard = await tell(town, "李村", "/shop", "瓦", "👍\0")
        assert shop.looked_up == ["瓦"]
        heard = await tell(town, "李村", "取消", "/shop", "瓦")
        assert heard[0].startswith("20 元")
        heard = await tell(town, "李村", "上一步", "砖")
    assert heard[0].startswith("30 元")
    assert shop.looked_up == ["瓦", "瓦", "砖"]


# Second thoughts ---------------------------------------------------------------------------------------------------


async def test_changing_one_answer_keeps_the_others(town: Town) -> None:
    with known_as("form", form):
        heard = await tell(town, "李村", "/form", "李四", "三十", "东屯", "修改", "年龄", "31")
        assert heard[0].startswith("李四 31 east")
        heard = await tell(town, "李村", "修改", "1", "李五")
        assert heard[0].startswith("李五 31 east")
        assert await tell(town, "李村", "提交") == ["存了：李五 31 east"]


async def test_back_step_by_step_to_the_first_question(town: Town) -> None:
    with known_as("form", form):
        heard = await tell(town, "李村", "/form", "李四", "30", "上一步", "上一步")
        assert heard[0] == "姓名？ [取消]"
        assert (await tell(town, "李村", "上一步"))[0].startswith("已经是第一步了。")
        assert (await tell(town, "李村", "王五", "40", "西屯"))[0].startswith("王五 40 west")


async def test_going_back_from_what_to_change_loses_nothing(town: Town) -> None:
    """Who pressed "change" by mistake sees the summary again, every answer in it."""
    with known_as("form", form):
        heard = await tell(town, "李村", "/form", "李四", "30", "东屯", "修改", "上一步")
        assert heard == ["李四 30 east [提交][修改][取消] [上一步]"]
        assert await tell(town, "李村", "提交") == ["存了：李四 30 east"]


async def test_going_back_from_namesakes_asks_for_the_name_again(town: Town) -> None:
    heard = await tell(town, "李村", "/report", "刘伟", "上一步")
    assert heard == ["哪一户？发户主姓名、拼音首字母或户号。 [取消]"]
    assert (await tell(town, "李村", "张三"))[0].startswith("有什么困难？")


async def test_an_unreadable_answer_loses_none_before_it(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四")
        assert (await tell(town, "李村", "不记得了"))[0].startswith("没看懂这个数")
        assert await answers(town) == {"name": "李四"}


# Rules for whoever writes a conversation ---------------------------------------------------------------------------


async def test_two_questions_with_one_key_are_a_mistake() -> None:
    async def twice(chat: Chat) -> None:
        await chat.ask("name", Text("姓名？"))
        await chat.ask("name", Text("再说一遍？"))

    with pytest.raises(ValueError, match="have the key name"):
        await twice(_chat({"name": "李四"}))


async def test_an_optional_question_must_be_asked_as_one() -> None:
    question: Text = Text("姓名？", optional=True)
    with pytest.raises(ValueError, match="ask_optional"):
        await _chat({}).ask("name", question)


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("问题.xlsx", "import"), ("台账.XLS", "import"), ("筛查名单.csv", "screening"), ("筛查方案.pdf", "addpolicy"),
        ("方案", "addpolicy"), ("", "addpolicy"),
    ],
)  # fmt: skip
def test_a_file_finds_the_conversation_that_takes_it(file_name: str, name: str) -> None:
    wanted = conversation_for_file(file_name)
    assert wanted is not None
    assert wanted.name == name


def test_guesses_are_kept_as_the_version_before_kept_them() -> None:
    guesses = {"who": Guess([7, 8], part=True), "what": Guess("漏雨"), "used": None}
    [row] = rows_of(VAULT, [Talk(1, "test:李村", None, "form", START, guesses=guesses)])
    assert VAULT.open_json(talks.talks.c.journal, row)["guesses"] == {
        "who": {"partial": [7, 8]},
        "what": {"answer": "漏雨"},
        "used": {},
    }


def test_two_conversations_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two conversations are named report"):
        by_name([*conversations().values(), conversation("report", "另一个")(form)])


def _chat(answered: dict[str, object]) -> Chat:
    """A chat that never gets as far as its database."""
    talk = Talk(1, "test:李村", None, "form", START, answers=answered)
    return Chat(cast(World, None), cast(Store, None), None, talk, None)


# The code changes under an open talk -------------------------------------------------------------------------------


async def test_a_question_that_is_gone_is_forgotten(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四", "30")

    async def shorter(chat: Chat) -> None:
        name = await chat.ask("name", Text("姓名？"))
        place = await chat.ask("place", Choice("住哪？", SPOTS))
        await chat.say(f"存了：{name} {place}")

    with known_as("form", shorter):
        assert await tell(town, "李村", "东屯") == ["存了：李四 east"]


async def test_the_open_question_is_gone(town: Town) -> None:
    """What was said to it is no answer to the next one, which is asked."""
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四")

    async def other(chat: Chat) -> None:
        name = await chat.ask("name", Text("姓名？"))
        work = await chat.ask("work", Text("做什么活？"))
        await chat.say(f"存了：{name} {work}")

    with known_as("form", other):
        assert await tell(town, "李村", "30") == ["做什么活？ [上一步][取消]"]
        assert await tell(town, "李村", "木匠") == ["存了：李四 木匠"]


async def test_a_new_question_is_asked_in_its_place(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四", "30")

    async def longer(chat: Chat) -> None:
        name = await chat.ask("name", Text("姓名？"))
        phone = await chat.ask("phone", Text("电话？"))
        age = await chat.ask("age", Number("年龄？"))
        await chat.say(f"存了：{name} {phone} {age}")

    with known_as("form", longer):
        assert await tell(town, "李村", "东屯") == ["电话？ [上一步][取消]"]
        assert await tell(town, "李村", "8888") == ["存了：李四 8888 30"]


async def test_an_option_that_is_gone_is_asked_again_and_nothing_else(town: Town) -> None:
    async def asking(chat: Chat, spots: tuple[tuple[str, str], ...]) -> None:
        place = await chat.ask("place", Choice("住哪？", spots))
        kinds = await chat.ask("kinds", Several("有啥？", (("pig", "猪"), ("cow", "牛"))))
        await chat.ask("note", Text("还有？"))
        await chat.say(f"存了：{place} {kinds}")

    with known_as("ask", lambda chat: asking(chat, SPOTS)):
        await tell(town, "李村", "/ask", "东屯", "1 2")
    with known_as("ask", lambda chat: asking(chat, (("west", "西屯"), ("south", "南屯")))):
        assert await tell(town, "李村", "没有了") == ["住哪？ [1 西屯][2 南屯] [取消]"]
        assert (await tell(town, "李村", "南屯"))[0].startswith("还有？")
        assert await tell(town, "李村", "没了") == ["存了：south ['pig', 'cow']"]


async def test_a_question_of_another_kind_under_the_same_key(town: Town) -> None:
    async def photos_first(chat: Chat) -> None:
        await chat.ask("what", Several("有啥？", (("pig", "猪"), ("cow", "牛"))))

    async def text_now(chat: Chat) -> None:
        what = await chat.ask("what", Text("有啥？"))
        await chat.say(f"存了：{what}")

    with known_as("ask", photos_first):
        await tell(town, "李村", "/ask")
        await town.press("李村", "猪")
    with known_as("ask", text_now):
        assert await tell(town, "李村", "一头猪") == ["存了：一头猪"]


async def test_a_conversation_that_is_gone_ends_politely(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四")
    assert await tell(town, "李村", "30") == ["没有这一项，或者不由您办理。发「菜单」看能办什么。"]
    assert "李村" in (await tell(town, "李村", "/me"))[0]


async def test_a_conversation_that_has_another_name_now_goes_on(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四")
    with known_as("paper", form, was=("form",)):
        assert (await tell(town, "李村", "30"))[0].startswith("住哪？")
        assert (await tell(town, "李村", "/form"))[0].startswith("住哪？"), "an old button finds the open talk too"
        assert (await tell(town, "李村", "东屯"))[0].startswith("李四 30 east")


async def test_a_post_that_has_ended_ends_its_talks(town: Town) -> None:
    with known_as("form", form, roles={Role.VILLAGE}):
        await tell(town, "李村", "/form", "李四")
    with known_as("form", form, roles={Role.COUNTY}):
        unknown = await town.say("李村", "/nonsense")
        assert await tell(town, "李村", "30") == unknown


# One chat, several talks -------------------------------------------------------------------------------------------


async def test_an_answer_after_the_talk_has_expired_goes_nowhere_and_the_draft_comes_back_whole(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四", "30")
        town.now += EXPIRES * 2
        heard = await tell(town, "李村", "东屯")
        assert heard[0] == "上次的「试一试」没有做完，已替您存好。 [继续]"
        assert (await town.press("李村", "继续"))[-1].startswith("住哪？")
        assert (await tell(town, "李村", "东屯"))[0].startswith("李四 30 east")


async def test_pressing_the_expired_question_itself_goes_on_without_a_detour(town: Town) -> None:
    with known_as("form", form):
        await tell(town, "李村", "/form", "李四", "30")
        town.now += EXPIRES * 2
        heard = await town.press("李村", "东屯")
        assert not any("存好" in line for line in heard)
        assert heard[-1].startswith("李四 30 east")


async def test_a_strangers_message_starts_nothing(town: Town) -> None:
    for said in ("/report", "/resume", "上报", "你好", "/form"):
        (heard,) = await town.say("路人", said)
        assert heard.startswith("还不认识您。")
    async with town.database.read() as conn:
        assert await talks.open_talks(conn, town.database.vault, ["test:路人"], Damage()) == ({}, [])


async def test_in_a_group_nothing_is_asked_or_told(town: Town) -> None:
    await town.say("李村", "/report")
    heard = await town.say("李村", "zs", private=False)
    assert heard == ["我只在一对一的聊天里办事，以免泄露农户信息。请点我的头像私聊。"]
    assert await answers(town) == {}


# What it costs a person --------------------------------------------------------------------------------------------


async def count(town: Town, name: str) -> int:
    """How many messages a person has sent."""
    async with town.database.read() as conn:
        mine = sa.select(sa.func.count()).select_from(inbox.inbox).where(inbox.inbox.c.address == f"test:{name}")
        return int((await conn.execute(mine)).scalar_one())


async def test_a_cadre_reports_with_six_messages(town: Town) -> None:
    script = ["李村> /report", "李村> zs", "李村> 1 4", "李村> 厨房漏雨", "李村> 跳过", "李村> 1"]
    played = await play(town, script, restart=False)
    assert any("已上报，编号 1。" in line for line in played)
    assert await count(town, "李村") == 6


async def test_a_household_reports_with_five_messages(town: Town) -> None:
    script = ["张三 = 户号 1001", "张三> 我要申报", "张三> 2", "张三> 厨房漏雨", "张三> 跳过", "张三> 1"]
    played = await play(town, script, restart=False)
    assert any("收到了，编号 1。" in line for line in played)
    assert await count(town, "张三") == 5


# Joining what is open already --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "follows"),
    [
        ("是", "请说说情况"),
        ("1号", "请说说情况"),
        ("1", "请说说情况"),
        ("不是", "有什么困难"),
        ("2", "有什么困难"),
        ("另报", "有什么困难"),
    ],
)
async def test_is_it_the_same_matter(town: Town, said: str, follows: str) -> None:
    """A 是 is a yes, although 不是 holds it too."""
    await tell(town, "李村", "/report", "zs", "2", "屋顶漏雨", "跳过", "提交")
    assert (await tell(town, "赵村", "/report", "zs", said))[0].startswith(follows)


async def test_yes_does_not_say_which_of_two_matters(town: Town) -> None:
    await tell(town, "李村", "/report", "zs", "2", "屋顶漏雨", "跳过", "提交")
    await tell(town, "李村", "/report", "zs", "不是", "4", "住院", "跳过", "提交")
    heard = await tell(town, "赵村", "/report", "zs", "是")
    assert heard[0].startswith("是哪一件？")
    assert "[3 不是，另报一件]" in heard[0]
    assert (await tell(town, "赵村", "1号", "墙裂了", "跳过"))[0].startswith("白塔村一屯张三家 / 并入 1号")
