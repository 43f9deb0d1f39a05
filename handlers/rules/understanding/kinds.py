"""Which hardships a sentence tells of, and which it denies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.rules.understanding.phrases import CLAUSE_ENDS, Heard, Phrasebook, any_of
from storage.plan_lexicon import Lexicon

_SOFTENERS = (
    "再", "啥", "什么", "怎么", "咋", "发生", "出现", "发现", "存在", "有", "过", "太", "那么", "听说", "看见", "见", "任何", "大",
    "得", "被", "让", "去", "啥大", "家庭", "因为", "因", "用", "必", "会", "算", "是", "属于", "够", "到", "像",
)  # fmt: skip
"""What may stand between a negation and what it denies: 没再漏雨, 没发现有裂缝."""

_JOINED = re.compile(r"[、和或及跟]|或者|以及|也没?有?|的?(?:情况|问题|现象|风险)?")
_HASTE = (
    r"(?:了|已经|已|都|现在|这会儿|刚|也|后来|找人|给|又|就|全|今天|昨天|早就|早|"
    r"也都|目前|的地方|的问题|问题|的事|这事|那事|的房子|的){0,4}"
)
_REACH = 14
"""How far behind a hardship words are looked for by which it is past."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Words of a hardship at a place of the sentence."""

    start: int
    end: int
    kind: str
    denied: bool


@dataclass(frozen=True)
class _Kind:
    code: str
    alone: bool
    yields_to: frozenset[str]
    says: Phrasebook
    unless: Phrasebook
    over: re.Pattern[str]
    over_next: re.Pattern[str]


class KindFinder:
    """Finds the hardships of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._kinds = [
            _Kind(
                one.code,
                one.alone,
                frozenset(one.yields_to),
                Phrasebook([*one.says, *one.alike]),
                Phrasebook(one.unless),
                any_of([*lexicon.over, *one.over]),
                re.compile(_HASTE + f"(?:{any_of([*lexicon.over, *one.over]).pattern})"),
            )
            for one in lexicon.kinds
        ]
        softeners = "|".join(sorted(map(re.escape, _SOFTENERS), key=len, reverse=True))
        self._denies = re.compile(f"(?:{any_of(lexicon.negations).pattern})(?:{softeners}){{0,3}}$")
        self._undone = re.compile(f"(?:{any_of(lexicon.not_yet).pattern})$")

    def hits(self, heard: Heard) -> list[Hit]:
        """Every place, in order; several may be of one kind."""
        found = sorted(self._found(heard))
        hits: list[Hit] = []
        for at, (start, end, place, denied) in enumerate(found):
            kind = self._kinds[place]
            after = next((later for later, *_ in found[at + 1 :] if later >= end), len(heard.meant))
            denied = (
                denied
                or self._before(heard, start)
                or self._joined_to_denied(heard, hits, start)
                or self._past(heard, kind, start, end, after)
            )
            hits.append(Hit(start, end, kind.code, denied))
        return hits

    def meant(self, hits: Sequence[Hit]) -> tuple[str, ...]:
        """The kinds that are not denied, without those that yield to another of them."""
        meant = {hit.kind for hit in hits if not hit.denied}
        kinds = [kind for kind in self._kinds if kind.code in meant and not kind.yields_to & meant]
        return tuple(kind.code for kind in kinds if not kind.alone or len(kinds) == 1)

    def _found(self, heard: Heard) -> Iterator[tuple[int, int, int, bool]]:
        for place, kind in enumerate(self._kinds):
            spans = {(*span, False) for span in kind.says.spans(heard.meant)}
            spans |= {(*span, True) for span in kind.says.denied(heard.meant)}
            if not spans:
                continue
            otherwise = [*kind.unless.spans(heard.meant), *kind.unless.spans(heard.said)]
            for start, end, denied in spans:
                if not any(first < end and start < last for first, last in otherwise):
                    yield start, end, place, denied

    def _before(self, heard: Heard, start: int) -> bool:
        return self._denies.search(heard.meant, heard.clause_start(start), start) is not None

    def _joined_to_denied(self, heard: Heard, hits: Sequence[Hit], start: int) -> bool:
        """没有漏雨、裂缝 and 不存在缺水漏雨: what is named in one breath with something denied is denied too."""
        before = [hit for hit in hits if hit.end <= start]
        return bool(before) and before[-1].denied and _lists(heard.meant[before[-1].end : start])

    def _past(self, heard: Heard, kind: _Kind, start: int, end: int, after: int) -> bool:
        clause = heard.clause_end(end)
        for found in kind.over.finditer(heard.meant, end, min(clause, after, end + _REACH)):
            if not self._undone.search(heard.meant, start, found.start()):
                return True
        if clause >= after or clause == len(heard.meant) or heard.meant[clause] not in CLAUSE_ENDS:
            return False
        return kind.over_next.match(heard.meant, clause + 1, after) is not None


def _lists(between: str) -> bool:
    return not between or _JOINED.fullmatch(between) is not None
