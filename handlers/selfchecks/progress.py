"""How far the villages and units are with their self-check, for the town: the unfinished first, in the plan's order."""

from __future__ import annotations

from handlers.engine.chat import Chat
from handlers.engine.conversation import conversation
from handlers.selfchecks.rules import name_of, scopes
from handlers.wording.days import day_in_words
from handlers.wording.paging import page_named, page_of
from storage.people.persons import Role
from storage.selfchecks import Tally

_NOTHING = Tally(0, 0, 0)


@conversation("selfchecks", "自查进度", for_roles={Role.TOWN, Role.COUNTY})
async def selfchecks(chat: Chat) -> None:
    """Args: a page."""
    plan = chat.world.plan
    tallies = await chat.store.selfchecks.tallies(plan.id)
    lines = []
    for scope in scopes(plan):
        if not chat.person.covers(scope.region, Role.TOWN, Role.COUNTY):
            continue
        tally, total = tallies.get(scope, _NOTHING), len(plan.items_for(scope.unit))
        found = "".join(f"，{what} {count} 件" for what, count in (("问题", tally.problems), ("线索", tally.clues)) if count)
        lines.append((tally.done >= total, f"{name_of(scope, plan)} {min(tally.done, total)}/{total} 项{found}"))
    lines.sort(key=lambda line: line[0])
    ready, last = sum(full for full, _ in lines), plan.phase(plan.selfcheck.phase).last
    shown, turn = page_of([text for _, text in lines], page_named(chat.args), command="/selfchecks")
    head = f"自查查完 {ready}/{len(lines)} 家，{day_in_words(last)}为止。没查完的在前："
    await chat.say("\n".join([head, *shown]), turn)
