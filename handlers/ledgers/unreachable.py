"""联系不上的人： whom the bot cannot write to, so that somebody calls them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from handlers.engine.world import World
from handlers.files.columns import Kind, LedgerColumn
from handlers.ledgers.base import Ledger, LedgerRow, head_of
from handlers.rights.reach import OFFICES
from handlers.wording.people import post_in_words
from storage.ledgers.unreachable import unreachable_lines
from storage.people.persons import Post, Role
from storage.people.reach import Reach
from storage.store import Store


async def _rows(store: Store, world: World, reach: Sequence[Reach], today: date) -> AsyncIterator[LedgerRow]:
    for line in await unreachable_lines(store.session, reach):
        posts = "、".join(dict.fromkeys(_post(world, post) for post in line.posts))
        why = "停用了机器人" if line.blocked_on else "没有绑定聊天"
        homes = tuple(post.household_id for post in line.posts)
        yield LedgerRow((line.name, posts, line.phone, why, line.blocked_on), homes)


def _post(world: World, post: Post) -> str:
    words = post_in_words(world.plan, post)
    return f"{words}（{head_of(world, post.household_id)}家）" if post.role is Role.HOUSEHOLD else words


UNREACHABLE = Ledger(
    code="unreachable",
    title="联系不上的人",
    columns=(
        LedgerColumn("姓名"),
        LedgerColumn("身份"),
        LedgerColumn("联系电话", Kind.PHONE),
        LedgerColumn("原因"),
        LedgerColumn("自何日起", Kind.DAY),
    ),
    rows=_rows,
    roles=OFFICES,
)
