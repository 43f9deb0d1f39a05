"""发通知: an office writes a notice to many people. A job queues it in portions."""

from __future__ import annotations

from functools import partial

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.engine.questions import Choice, Several
from handlers.engine.questions.options import NO
from handlers.notices.audience import Target, VillagePeople, audience_in_words, audience_of, households_in, office_of
from handlers.notices.questions import QUIETLY, ConfirmSending, NameList, NoticeText, NoticeWriting, left_out
from handlers.notices.wording import notice_button
from handlers.reading import shortened
from storage.notices.addressees import AudienceCount
from storage.notices.sent import Audience
from storage.people.masking import mask_text
from storage.people.persons import Post, Role

_SHOWN = 60


@conversation(
    "notice", "发通知", for_roles={Role.TOWN, Role.COUNTY}, words=("通知", "群发", "发个通知", "下通知"), was=("broadcast",)
)
async def send_notice(chat: Chat) -> None:
    """Args: the words, if they are known already."""
    office = office_of(chat.person)
    if office.region not in (chat.world.plan.town.code, chat.world.plan.county.code):
        chat.refuse()
    words = await _ask_words(chat)
    audience, omitted = await _ask_audience(chat, office)
    count = AudienceCount(*await chat.recall("count", partial(_count, chat, audience)))
    who = audience_in_words(audience, chat.world.plan)
    if not count.reachable:
        await chat.say(f"{who}里现在一个也联系不上（还没有绑定聊天），没有发。\n可以先请他们扫码或打开邀请链接。")
        return
    lines = [f"发给{who}：{_people(chat, audience, count)}", omitted, _words(words), *_cautions(chat, words)]
    choice = await chat.ask("send", ConfirmSending("\n".join(filter(None, lines))))
    if choice == NO:
        await chat.say("没有发。")
        return
    filed = chat.store.notices.file(
        chat.person.id, office.role, region=office.region, audience=audience, words=words.text,
        file=words.file, file_name=words.file_name, expects=choice != QUIETLY,
    )  # fmt: skip
    await chat.say(f"开始发了，{count.reachable} 人。发完告诉您，不用等。", [[notice_button(filed)]])


async def _ask_words(chat: Chat) -> NoticeText:
    if chat.args:
        return NoticeText(text=chat.args)
    return await chat.ask("words", NoticeWriting("要通知什么？请发一句话。有照片或文件，先发它或一起发。"))


async def _ask_audience(chat: Chat, office: Post) -> tuple[Audience, str]:
    """Ask for the audience. Returns it, and the names of a list that are left out, in words."""
    options = [(whom.value, whom.label) for whom in Target]
    whom = Target(await chat.ask("whom", Choice("发给谁？", options)))
    if whom is Target.LISTED:
        prompt = "发给哪些人？请发姓名，用顿号隔开，如：张三、白塔村李四。也可以发 .xlsx 或 .txt 名单。"
        found = await chat.ask("listed", NameList(prompt, office.region))
        return Audience(people=tuple(sorted(set(found.people) - {chat.person.id}))), left_out(found)
    if whom is not Target.VILLAGES:
        return audience_of(whom, office), ""
    offered = [(village.code, village.name) for village in chat.world.plan.villages]
    villages = await chat.ask("villages", Several("哪些村？可多选，如：1 4，或：白塔村、瓦房村", offered))
    of = VillagePeople(await chat.ask("of", Choice("发给这些村的谁？", [(one.value, one.label) for one in VillagePeople])))
    return Audience(roles=of.roles, regions=tuple(villages)), ""


async def _count(chat: Chat, audience: Audience) -> AudienceCount:
    return await chat.store.addressees.count(audience, chat.person.id)


def _people(chat: Chat, audience: Audience, count: AudienceCount) -> str:
    """How many, and how many of them can't be told; of households those count of which nobody has a chat."""
    away = count.people - count.reachable
    parts = [f"共 {count.people} 人"]
    parts += [f"其中 {away} 人联系不上"] if away else []
    homes = chat.world.roster.by_village
    listed = sum(len(homes[code]) for code in households_in(audience, list(homes)))
    parts += [f"还有 {listed - count.homes} 户没有绑定、收不到"] if listed > count.homes else []
    return "，".join(parts)


def _words(words: NoticeText) -> str:
    return f"内容：{shortened(words.text, _SHOWN)}" + (f" 📎{words.file_name}" if words.file else "")


def _cautions(chat: Chat, words: NoticeText) -> list[str]:
    """Hints for the sender before sending."""
    policy = chat.world.plan.reminders
    found = ["里面有电话或证件号，请再看一眼。"] if mask_text(words.text) != words.text else []
    if not policy.opens <= chat.now.time() < policy.closes:
        found.append(f"现在是 {chat.now:%H:%M}，发出去大家的手机会响。")
    return found
