"""The question for a household, found by name, pinyin initials or number within the person's regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Option, Prompt, Question, in_rows, needs_text, restore_record
from handlers.engine.questions.options import numbered
from handlers.engine.said import Said
from handlers.reading import Unreadable, clean, read_choice
from handlers.wording.households import household_in_village, household_in_words
from storage.roster import Household

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

_MOST = 8


@dataclass(frozen=True)
class HouseholdChoice(Question[Household]):
    """`within` are the region codes (or their beginnings) that the person may choose from."""

    within: Sequence[str]
    in_steps = True
    short = "哪一户"

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        if not partial:
            return Prompt(self.prompt)
        return Prompt("是哪一户？", in_rows(numbered(self._options(partial, chat)), 1))

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        options = self._options(partial or (), chat)
        if said.pick in dict(options):
            return self._answer(int(said.pick or 0), chat)
        words = said.text if partial else needs_text(said, "张三，或 zs，或户号 1024")
        wanted = " ".join(clean(words).split()).removesuffix("家") or words
        found = chat.world.roster.search(wanted, self.within) if wanted else []
        if partial:
            try:
                return self._answer(int(read_choice(words, options)), chat)
            except Unreadable:
                if not found:  # nor is it the name of another household
                    raise
        if not found:
            raise Unreadable(f"没找到「{wanted[:20]}」。请发户主姓名、拼音首字母或户号，例如：张三、zs、1024")
        if len(found) == 1:
            return self._answer(found[0].id, chat)
        note = f"同名较多，只列出前 {_MOST} 户。也可以发户号。" if len(found) > _MOST else None
        return More([household.id for household in found[:_MOST]], note)

    def restore(self, raw: Any) -> Household:
        return restore_record(Household, raw)

    def in_words(self, raw: Any) -> str:
        return household_in_village(Household.model_validate(raw), with_number=True)

    def _answer(self, household_id: int, chat: Chat) -> Answer:
        return Answer(chat.world.roster.by_id[household_id].model_dump())

    def _options(self, ids: Sequence[int], chat: Chat) -> list[Option]:
        listed = [chat.world.roster.by_id[key] for key in ids if key in chat.world.roster.by_id]
        return [(str(one.id), household_in_words(chat.world.plan, one, with_number=True)) for one in listed]
