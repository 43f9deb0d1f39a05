"""通知情况: the latest notices of an office, who has not confirmed them, and one repeat."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.calendar.deadlines import next_open
from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.notices.audience import audience_in_words, office_of
from handlers.notices.wording import AGAIN, UNREACHED, notice_button, progress_in_words
from handlers.reading import shortened
from handlers.wording.days import moment_in_words
from handlers.wording.paging import page_named, page_of
from handlers.wording.people import region_in_words
from storage.database.base import to_base36
from storage.mail.messages import Button
from storage.notices.receipts import Missing, NoticeFigures
from storage.notices.sent import OUT, Notice
from storage.people.persons import Role

_LATEST = 5


@conversation("notices", "通知情况", for_roles={Role.TOWN, Role.COUNTY}, words=("通知进度", "谁没收到"), was=("broadcasts",))
async def show_notices(chat: Chat) -> None:
    """Args: a notice, then a page of those who have not confirmed, "out" for those who could not be reached (and a page),
    or "again" for the repeat; without any, the latest notices."""
    said, _, more = chat.args.partition(" ")
    if not said:
        await _list(chat)
        return
    notice = await _own_notice(chat, said)
    if notice is None:
        chat.refuse()
    elif more == AGAIN:
        await _repeat(chat, notice)
    else:
        await _show(chat, notice, more)


async def _own_notice(chat: Chat, said: str) -> Notice | None:
    """The notice, if this person's office sent it."""
    notice = await chat.store.notices.get(chat.row_id(said))
    office = office_of(chat.person)
    own = notice is not None and (notice.role, notice.region) == (office.role, office.region)
    return notice if own else None


async def _list(chat: Chat) -> None:
    office = office_of(chat.person)
    latest = await chat.store.notices.latest(office.role, office.region, most=_LATEST)
    if not latest:
        await chat.say("还没有发过通知。", [[Button(label="发通知", says="/notice")]])
        return
    figures = await chat.store.notice_receipts.figures([one.id for one in latest])
    lines, rows = ["最近的通知："], []
    for place, one in enumerate(latest, 1):
        words, at = shortened(one.words, 14), moment_in_words(one.filed_at)
        lines.append(f"{place} {at} {words}：{progress_in_words(one, figures.get(one.id, NoticeFigures()))}")
        rows.append([notice_button(one.id, f"{place} {words}")])
    await chat.say("\n".join(lines), rows)


async def _show(chat: Chat, notice: Notice, more: str) -> None:
    figures = (await chat.store.notice_receipts.figures([notice.id])).get(notice.id, NoticeFigures())
    kind, _, page = more.partition(" ") if more.startswith(UNREACHED) else ("", "", more)
    reached = kind != UNREACHED
    total = figures.missing if reached and notice.expects else 0 if reached else figures.unreachable
    places, turn = page_of(range(total), page_named(page), command=f"/notices {to_base36(notice.id)} {kind}".rstrip())
    listed = await _missing(chat, notice, reached=reached, places=places)
    lines = [_head(chat, notice), progress_in_words(notice, figures), *_repeated(chat, notice)]
    if listed:
        lines.append(f"还没点「收到」的 {total} 人：" if reached else f"联系不上的 {total} 人（没有绑定聊天或已停用）：")
        lines += [_line(chat, one) for one in listed]
    elif notice.state == OUT and reached and notice.expects and figures.meant:
        lines.append("收到通知的人都点了「收到」。")
    await chat.say("\n".join(lines), [*turn, *_more_buttons(notice, figures, reached=reached)])


async def _missing(chat: Chat, notice: Notice, *, reached: bool, places: Sequence[int]) -> list[Missing]:
    if not places:
        return []
    return await chat.store.notice_receipts.missing(notice.id, reached=reached, skip=places[0], most=len(places))


def _more_buttons(notice: Notice, figures: NoticeFigures, *, reached: bool) -> list[list[Button]]:
    if not reached:
        return [[notice_button(notice.id, "返回这条通知")]]
    rows = []
    if notice.expects and figures.missing and not notice.repeated_at and notice.state == OUT:
        rows.append([notice_button(notice.id, "再提醒一次", AGAIN)])
    if figures.unreachable:
        rows.append([notice_button(notice.id, f"联系不上 {figures.unreachable} 人", UNREACHED)])
    return rows


def _head(chat: Chat, notice: Notice) -> str:
    sender = chat.world.directory.person(notice.sender_id)
    by = f"{sender.person.name} " if sender else ""
    at, to = moment_in_words(notice.filed_at), audience_in_words(notice.audience, chat.world.plan)
    return f"「{shortened(notice.words, 30)}」\n{by}{at} 发给{to}"


def _repeated(chat: Chat, notice: Notice) -> list[str]:
    if notice.repeated_at is None:
        return []
    at = moment_in_words(notice.repeated_at)
    return [f"{at} 再提醒过一次。" if notice.repeated_at <= chat.now else f"{at} 会再提醒一次。"]


def _line(chat: Chat, one: Missing) -> str:
    return f"{one.name} {region_in_words(chat.world.plan, one.region)}" if one.region else one.name


async def _repeat(chat: Chat, notice: Notice) -> None:
    """Once, and never at night: before the window opens it waits for the morning."""
    figures = (await chat.store.notice_receipts.figures([notice.id])).get(notice.id, NoticeFigures())
    back = [[notice_button(notice.id)]]
    if notice.repeated_at is not None:
        await chat.say(f"{_repeated(chat, notice)[0]}一条通知只提醒一次。", back)
    elif not notice.expects:
        await chat.say("这条通知不用点「收到」，不再提醒。", back)
    elif notice.state != OUT:
        await chat.say("这条通知还在发，发完再提醒。", back)
    elif not figures.missing:
        await chat.say("收到通知的人都点了「收到」，不用再提醒。", back)
    else:
        at = next_open(chat.now, chat.world.plan.reminders)
        await chat.store.notices.repeat(notice, at)
        when = "现在就" if at <= chat.now else f"{moment_in_words(at)} "
        await chat.say(f"好的，{when}再提醒 {figures.missing} 人一次。", back)
