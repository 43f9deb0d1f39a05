"""Finds the hardships that a sentence tells of or denies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.sentences.understanding.phrases import CLAUSE_ENDS, Heard, Phrasebook, any_of
from storage.plan.lexicon import Lexicon

_SOFTENERS = (
    "再", "啥", "什么", "怎么", "咋", "发生", "出现", "发现", "存在", "有", "过", "太",
    "那么", "听说", "看见", "见", "任何", "大",
    "得", "被", "让", "去", "啥大", "家庭", "因为", "因", "用", "必", "会", "算", "是", "属于", "够", "到", "像",
)  # fmt: skip
"""What may stand between a negation and what it denies: 没再漏雨, 没发现有裂缝."""

_JOINED = re.compile(r"[、和或及跟]|或者|以及|也没?有?|的?(?:情况|问题|现象|风险)?")
_HASTE = (
    r"(?:了|已经|已|都|现在|这会儿|刚|也|后来|找人|给|又|就|全|今天|昨天|早就|早|"
    r"也都|目前|今年|眼下|慢慢|的地方|的问题|问题|的事|这事|那事|的房子|的){0,4}"
)
_ALL_WELL = re.compile(
    r"(?:家里|家中|日子|过得|现在|目前|全家|一家人|他说|她说|说|都|也|还|啥|这个?|一切){0,3}"
    r"(?:(?:没有?|无)(?:啥|什么|任何)?(?:大)?(?:事儿?|困难|问题|变化|风险|毛病|难处|隐患|异常)|(?:挺|很|都)?(?:好|高兴|正常|不错)|"
    r"(?:事儿?|问题|困难)都?没有)[的了呢着啊]{0,2}"
)
"""A last clause by which all that was said before it is no hardship: 儿子结婚了,都挺好, but not 人没事 or 别的没啥."""
_STAYED_IN = re.compile(r"动不了|动弹|[下起]不[来了]|下地|爬不|直不起|疼|肿")
_UNFIT = re.compile(r"干不[了动]|[打上]不了|[没不]能?法?(?:外?出去?)?打工|没法出去|出不去|没上班")
_SHUT = re.compile("停工|停业|歇业|关|没开工|放假")
_UNPAYABLE = re.compile(r"[拿掏]不出|凑")
_COMES_OF = (
    ("medical", _STAYED_IN, frozenset({"accident"})),
    ("employment", _UNFIT, frozenset({"accident", "medical", "disability", "epidemic"})),
    ("employment", _SHUT, frozenset({"epidemic"})),
    ("marriage_funeral", re.compile("死"), frozenset({"industry"})),
    ("income", _UNPAYABLE, frozenset({"medical", "education", "marriage_funeral", "insurance", "housing"})),
)
"""Words of a kind that only tell what another hardship in the same sentence leads to: 摔断腿下不来地 is an accident alone,
学费凑不上 a matter of school alone. 住院 after an accident, 没收入 after an illness stand for themselves."""
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
        well = _all_well(heard)
        hits: list[Hit] = []
        for at, (start, end, place, denied) in enumerate(found):
            kind = self._kinds[place]
            after = next((later for later, *_ in found[at + 1 :] if later >= end), len(heard.meant))
            denied = (
                denied
                or well
                or self._before(heard, start)
                or self._joined_to_denied(heard, hits, start)
                or self._past(heard, kind, start, end, after)
            )
            hits.append(Hit(start, end, kind.code, denied))
        return list(_causes(heard, hits))

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


def _all_well(heard: Heard) -> bool:
    last = max(map(heard.meant.rfind, CLAUSE_ENDS))
    return last >= 0 and _ALL_WELL.fullmatch(heard.meant, last + 1) is not None


def _causes(heard: Heard, hits: Sequence[Hit]) -> Iterator[Hit]:
    """Without the hits that only tell what another leads to."""
    meant = {hit.kind for hit in hits if not hit.denied}
    for hit in hits:
        words = heard.meant[hit.start : hit.end]
        if not any(hit.kind == kind and causes & meant and said.search(words) for kind, said, causes in _COMES_OF):
            yield hit


def _lists(between: str) -> bool:
    return not between or _JOINED.fullmatch(between) is not None
