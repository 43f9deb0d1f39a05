"""How kinds of risk are said."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.questions import Option
from handlers.engine.world import World


def risk_options(chat: Chat) -> list[Option]:
    return [(kind.code, kind.label) for kind in chat.world.plan.risk_kinds]


def kinds_in_words(world: World, kinds: Sequence[str]) -> str:
    return "、".join(world.plan.risk(kind).label for kind in kinds)
