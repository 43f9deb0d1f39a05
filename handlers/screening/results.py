"""What has come of screening lists: for the unit how the visits went, for a village whom it still has to visit."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.screening.filing import origin
from handlers.screening.hand_in import named
from handlers.screening.news import LIST, counted, to_decide, visited
from handlers.wording.days import day_in_words
from handlers.wording.households import household_in_words
from handlers.wording.kinds import kinds_in_words
from handlers.wording.paging import page_named, page_of
from storage.database.base import from_base36, to_base36
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.screening.records import ListState, RowState, ScreeningList

_LISTS = 5


@conversation("screened", "筛查结果", for_roles={Role.UNIT, Role.TOWN, Role.VILLAGE}, words=("名单结果", "筛查进展"))
async def screened(chat: Chat) -> None:
    """Args: nothing for all lists; a list's id; behind it LIST to get it as a file, or a page of it."""
    key, _, word = chat.args.partition(" ")
    found = await named(chat, key) if key else None
    if not key and chat.person.has(Role.UNIT, Role.TOWN):
        await _all(chat)
    elif not key:
        await chat.say("要入户核查的都在「我的待办」里。", [[Button(label="我的待办", says="/todo")]])
    elif found is None:
        await _to_visit(chat, key, word)
    elif word == LIST:
        await _want_list(chat, found)
    else:
        await _one(chat, found)


async def _all(chat: Chat) -> None:
    posts = [post for post in chat.person.posts_as(Role.TOWN, Role.UNIT) if post.role is Role.TOWN or post.unit]
    lists = {
        one.id: one
        for post in posts
        for one in await chat.store.screening_results.handed_in(post.region, post.unit, most=_LISTS)
        if one.state is ListState.DONE
    }
    newest = sorted(lists.values(), key=lambda one: one.id, reverse=True)[:_LISTS]
    if not newest:
        await chat.say("还没有导入过筛查名单。", [[Button(label="导入名单", says="/screening")]])
        return
    visits = await chat.store.screening_results.verifications([one.id for one in newest])
    lines, rows = [], []
    for place, one in enumerate(newest, 1):
        lines.append(f"{place}. {day_in_words(one.handed_in_at)} {one.name[:20]}：{visited(visits.get(one.id))}")
        rows.append([Button(label=f"{place} 看这份", says=f"/screened {to_base36(one.id)}")])
    await chat.say("\n".join(lines), rows)


async def _one(chat: Chat, found: ScreeningList) -> None:
    if found.state is not ListState.DONE:
        await chat.say(f"「{found.name}」还没有导入完。")
        return
    tally = await chat.store.screening_results.tally(found.id)
    visits = (await chat.store.screening_results.verifications([found.id])).get(found.id)
    text = f"{origin(chat.world, found)}「{found.name}」\n{counted(tally)}。\n核查：{visited(visits)}。"
    buttons = [Button(label="要结果表", says=f"/screened {to_base36(found.id)} {LIST}")]
    buttons += [to_decide(found)] if tally.get(RowState.ASK) else []
    await chat.say(text, [buttons])


async def _want_list(chat: Chat, found: ScreeningList) -> None:
    """The file is made aside: it can be long, and others wait for their answers."""
    if found.state is not ListState.DONE:
        await chat.say(f"「{found.name}」还没有导入完。")
        return
    if found.wanted_by is None:
        await chat.store.screening_lists.amend(found, wanted_by=chat.person.id)
        await chat.say("正在做表，马上发给您。")
    elif found.wanted_by == chat.person.id:
        await chat.say("表正在做，请稍等。")
    else:
        await chat.say("同事也在要这张表，请过一分钟再点一次。")


async def _to_visit(chat: Chat, key: str, page: str) -> None:
    """The households of a list that this person's villages still have to visit."""
    regions = [post.region for post in chat.person.posts_as(Role.VILLAGE)]
    try:
        found = await chat.store.screening_lists.get(from_base36(key)) if regions else None
    except ValueError:
        found = None
    if found is None or not await _names_us(chat, found, regions):
        chat.refuse()
    _, total = await chat.store.screening_results.waiting(found.id, regions, most=0)
    if not total:
        await chat.say("这份名单里您这边的都核查过了。")
        return
    places, turn = page_of(range(total), page_named(page), command=f"/screened {key}")
    shown, _ = await chat.store.screening_results.waiting(found.id, regions, most=len(places), skip=places[0])
    rows = [
        [
            Button(
                label=f"{household_in_words(chat.world.plan, household)} {kinds_in_words(chat.world.plan, one.kinds)}",
                says=f"/clue {to_base36(one.id)}",
            )
        ]
        for one in shown
        if (household := chat.world.roster.by_id.get(one.household_id))  # without one whose row can't be read
    ]
    chat.looked(*(one.household_id for one in shown))
    await chat.say(f"{origin(chat.world, found)}筛查名单，您这边还有 {total} 户待核查：", [*rows, *turn])


async def _names_us(chat: Chat, found: ScreeningList, regions: list[str]) -> bool:
    """Whether a list names anybody of these regions: to others it does not exist."""
    filed = await chat.store.screening_results.by_village(found.id, RowState.FILED)
    return any(village.startswith(tuple(regions)) for village in filed)
