"""How the watch-lists stand, for the units that bring them and the offices above."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.watchlists.rules import bringer
from handlers.wording.paging import page_named, page_of
from storage.mail.messages import Button
from storage.people.persons import Role
from storage.plan import Watchlist
from storage.watchlists import WatchlistFigures


@conversation("watchlists", "清单情况", for_roles={Role.UNIT, Role.TOWN, Role.COUNTY}, words=("清单",))
async def watchlists(chat: Chat) -> None:
    """Args: a page."""
    lines = []
    figures: dict[str, dict[str, WatchlistFigures]] = {}
    for listed in chat.world.plan.watchlists:
        region = _region(chat, listed)
        if region is not None:
            if region not in figures:
                figures[region] = await chat.store.watchlists.figures(chat.world.plan.id, region, today=chat.now.date())
            lines.append(_line(listed, figures[region].get(listed.code)))
    if not lines:
        await chat.say("方案里没有由您单位提供的清单。")
        return
    shown, turn = page_of(lines, page_named(chat.args), command="/watchlists")
    row = [Button(label="导入清单", says="/watchlist")] if chat.person.has(Role.UNIT, Role.TOWN) else []
    await chat.say("\n".join(["清单核查情况：", *shown]), [*turn, *([row] if row else [])])


def _region(chat: Chat, listed: Watchlist) -> str | None:
    """Where this person may see the list's figures; None: nowhere."""
    post = bringer(chat.person, listed, chat.world.plan)
    above = chat.person.posts_as(Role.TOWN, Role.COUNTY)
    return next((one.region for one in [*above, *([post] if post else [])]), None)


def _line(listed: Watchlist, figures: WatchlistFigures | None) -> str:
    if figures is None:
        return f"{listed.title}：还没有导入"
    parts = [f"按时核查 {figures.on_time}"]
    parts += [f"今天到期 {figures.due}"] if figures.due else []
    parts += [f"逾期 {figures.overdue}"] if figures.overdue else []
    parts += [f"发现问题 {figures.found}"] if figures.found else []
    return f"{listed.title} {figures.entries} 人：{'，'.join(parts)}"
