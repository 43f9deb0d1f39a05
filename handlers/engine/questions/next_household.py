"""Questions that offer the next households or villages, and take any other by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions import Choice, HouseholdChoice, Option
from handlers.engine.questions.base import Answer, More, Prompt, in_rows
from handlers.engine.questions.options import numbered
from handlers.engine.said import Said
from handlers.reading import clean

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

_OFFERED = 5
_GROUPS = 6
_GROUP = "g"


@dataclass(frozen=True)
class NextHousehold(HouseholdChoice):
    """The next five households as buttons, those of one 屯 with one tap more, or any by name or number.

    `groups` are the name of each 屯, how many of its households are left, and the ids of the first of them.
    """

    groups: Sequence[tuple[str, int, Sequence[int]]] = ()

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        if partial:
            return await super().show(partial, chat)
        rows = in_rows(numbered(self._options(self._first(), chat)), 1)
        if len(self.groups) > 1:
            names = [(f"{_GROUP}{place}", f"{name} {left}户") for place, (name, left, _) in enumerate(self.groups[:_GROUPS])]
            rows += in_rows(names, 3)
        return Prompt(self.prompt, rows)

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if partial:
            return await super().read(said, partial, chat)
        for place, (name, _, ids) in enumerate(self.groups):
            if said.pick == f"{_GROUP}{place}" or clean(said.text) == name:
                return More(list(ids))
        first = self._first()
        picked = said.pick if said.pick is not None else self._at(said.text)
        if picked is not None and picked in map(str, first):
            return self._answer(int(picked), chat)
        return await super().read(said, None, chat)

    def _first(self) -> list[int]:
        return [key for _, _, ids in self.groups for key in ids][:_OFFERED]

    def _at(self, text: str) -> str | None:
        """The id at the place named, such as "2"."""
        first = self._first()
        return str(first[int(text) - 1]) if text in map(str, range(1, len(first) + 1)) else None


@dataclass(frozen=True)
class VillageChoice(Choice):
    """One of the villages in `options`; only those that come first get a button, `offered` of them."""

    offered: int = 8

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, in_rows(numbered(self.options[: self.offered]), 2))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        """A number is one of the buttons', never that of a village which has none."""
        name = clean(said.text).removesuffix("村")
        named = [value for value, label in self.options if name and label.startswith(name)]
        if said.pick is None and len(named) == 1:
            return Answer(named[0])
        return await Choice(self.prompt, self.options[: self.offered]).read(said, partial, chat)


def village_options(codes: Sequence[str], chat: Chat, *, notes: dict[str, str] | None = None) -> list[Option]:
    """Villages as options, with a note behind some names."""
    return [(code, chat.world.plan.village(code).name + (notes or {}).get(code, "")) for code in codes]
