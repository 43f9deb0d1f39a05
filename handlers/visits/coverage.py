"""Shows how far the sweep is: a village its households still to visit, the offices above the villages, unfinished first."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.rights.reach import villages_of
from handlers.visits.common import still_to_visit, to_visit_in_words
from handlers.wording.paging import is_page, page_named, page_of
from storage.mail.messages import Button
from storage.people.persons import Role

_ROLES = (Role.VILLAGE, Role.TOWN, Role.COUNTY)


@conversation("coverage", "排查进度", for_roles=set(_ROLES), words=("排查进展",))
async def coverage(chat: Chat) -> None:
    """Args: a village's code and a page, or only a page of the list of villages."""
    villages = villages_of(chat.person, chat.world.plan, *_ROLES)
    wanted, _, page = chat.args.partition(" ")
    if wanted in villages:
        await _village(chat, wanted, page_named(page))
    elif not is_page(wanted) or not villages:
        chat.refuse()
    elif len(villages) == 1:
        await _village(chat, villages[0], page_named(wanted))
    else:
        await _all(chat, villages, page_named(wanted))


async def _village(chat: Chat, village: str, page: int) -> None:
    """Who has not been visited; a cadre of the village can go on from there."""
    households = len(chat.world.roster.by_village.get(village, []))
    left = await still_to_visit(chat, village)
    head = f"{chat.world.plan.village(village).name}：{progress_in_words(households - len(left), households)}"
    shown, turn = page_of(left, page, command=f"/coverage {village}")
    chat.looked(*(household.id for household, visit in shown if visit))
    if not chat.person.covers(village, Role.VILLAGE):
        await chat.say("\n".join([head, *(to_visit_in_words(*one) for one in shown)]), turn)
        return
    rows = [[Button(label=to_visit_in_words(*one), says=f"/sweep {one[0].number}")] for one in shown]
    await chat.say(head, [*rows, *turn])


async def _all(chat: Chat, villages: Sequence[str], page: int) -> None:
    visited = await chat.store.overview.visited(chat.world.round)
    roster = chat.world.roster
    figures = [(code, visited.get(code, 0), len(roster.by_village.get(code, []))) for code in villages]
    figures.sort(key=lambda one: (one[1] == one[2], one[1] / max(one[2], 1)))
    unfinished = sum(done < households for _, done, households in figures)
    total = progress_in_words(sum(one[1] for one in figures), sum(one[2] for one in figures))
    head = f"{len(villages)} 个村：{total}" + (f"\n还有 {unfinished} 个村没走完：" if unfinished else "")
    shown, turn = page_of(figures, page, command="/coverage")
    rows = [
        [
            Button(
                label=f"{chat.world.plan.village(code).name} {progress_in_words(done, households)}", says=f"/coverage {code} 1"
            )
        ]
        for code, done, households in shown
    ]
    await chat.say(head, [*rows, *turn])


def progress_in_words(done: int, households: int) -> str:
    """ "走访 3/5 户，还差 2 户"."""
    if not households:
        return "名册还空着"
    left = households - done
    return f"走访 {done}/{households} 户，" + (f"还差 {left} 户" if left else "不落一户")
