"""Weighs which business a sentence is about, from its words and what else was found in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.sentences.understanding.meaning import Intent
from handlers.sentences.understanding.phrases import Heard, Phrasebook
from storage.plan.lexicon import IntentWords

_STRONG, _WEAK, _MOST_WEAK = 3, 1, 2
_CLOSE = 1
"""How near another intent must be for the person to be asked."""
_WORTH_ASKING = 3

_FIRST = (Intent.OTHER, Intent.PROGRESS, Intent.VISIT, Intent.LEAVE, Intent.REPORT, Intent.POLICY)
"""Of equally likely ones, which is taken."""

_DENIALS = ("没", "没有", "不", "未", "别")

_OWN_HOME = (Intent.REPORT, Intent.POLICY, Intent.OTHER)
"""What somebody can mean who speaks for their own household."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What else was found.

    `named`: a household, in the roster or not; `more`: and something said of it; `own_home`: the speaker's is meant, `of_own`:
    and spoken of; `hardship`, `denied`: risk words, meant or denied; `went`: somebody went there; `asking_what`: with a word
    for what is asked; `day`: a day to come.
    """

    named: bool
    more: bool
    own_home: bool
    of_own: bool
    hardship: bool
    denied: bool
    number: bool
    percent: bool
    finished: bool
    undone: bool
    going_on: bool
    went: bool
    fine: bool
    absent: bool
    asking: bool
    asking_what: bool
    trouble: bool
    day: bool


class IntentWeigher:
    """Weighs with the words of a lexicon."""

    def __init__(self, words: tuple[IntentWords, ...]) -> None:
        self._words = [(Intent(one.intent), Phrasebook(one.strong), Phrasebook(one.weak)) for one in words]

    def weigh(self, heard: Heard, signs: Signs) -> tuple[Intent, tuple[Intent, ...]]:
        """The likeliest intent, and those nearly as likely."""
        scores = dict.fromkeys(Intent, 0)
        for intent, strong, weak in self._words:
            scores[intent] += _STRONG * (_says(strong, heard.meant, intent) or (intent is Intent.VISIT and signs.went))
            scores[intent] += _WEAK * min(_MOST_WEAK, sum(1 for _ in weak.spans(heard.meant)))
        _add_signs(scores, signs)
        if signs.named or any(scores[intent] >= _STRONG for intent in Intent if intent is not Intent.OTHER):
            scores[Intent.OTHER] = 1  # 你好 before some business is no small talk
        if signs.own_home:
            scores = {intent: scores[intent] for intent in _OWN_HOME}
        ranked = sorted(scores, key=lambda intent: (-scores[intent], _FIRST.index(intent)))
        best = ranked[0]
        if best is Intent.REPORT and not signs.hardship and signs.named and scores[best] < _WORTH_ASKING:
            return best, (Intent.VISIT,)
        if best is Intent.OTHER:
            return best, (Intent.REPORT, Intent.VISIT) if signs.named and not signs.own_home else ()
        close = (
            intent
            for intent in ranked[1:]
            if intent is not Intent.OTHER and scores[best] - scores[intent] <= _CLOSE and scores[intent] >= _WORTH_ASKING
        )
        return best, tuple(close)[:2]


def _says(strong: Phrasebook, meant: str, intent: Intent) -> bool:
    """Whether a strong word is said; one of a visit that is denied, as in 没去过学校, tells of none."""
    if intent is not Intent.VISIT:
        return meant in strong
    return any(not meant.endswith(_DENIALS, 0, start) for start, _ in strong.spans(meant))


def _add_signs(scores: dict[Intent, int], signs: Signs) -> None:
    scores[Intent.OTHER] += 1
    if scores[Intent.LEAVE] >= _STRONG:
        scores[Intent.LEAVE] += 4
    elif signs.day and scores[Intent.LEAVE] and not (signs.named or signs.number or signs.own_home):
        scores[Intent.LEAVE] += 2
    if signs.named:
        scores[Intent.REPORT] += 1 + (signs.more and not signs.hardship)
        scores[Intent.VISIT] += 1
    if signs.own_home and signs.of_own and not (signs.asking or signs.fine or signs.denied):
        scores[Intent.REPORT] += 2
    if signs.hardship:
        scores[Intent.REPORT] += 3 + 3 * (signs.own_home and signs.of_own)
        scores[Intent.POLICY] -= 3 * signs.named
        if scores[Intent.POLICY] < _STRONG and not signs.asking:
            scores[Intent.POLICY] = 0
    if not signs.asking and (signs.named or signs.finished or signs.number):
        scores[Intent.POLICY] -= 3
    if signs.trouble and signs.named:
        scores[Intent.REPORT] += 2
    if signs.asking and not signs.named:
        scores[Intent.VISIT] -= 3  # 入户一个月最少几趟
    if signs.asking:
        scores[Intent.POLICY] += 3 if scores[Intent.POLICY] or signs.hardship else 2
        scores[Intent.REPORT] -= 1 if signs.named or signs.own_home else 3
        scores[Intent.LEAVE] -= 6 if signs.asking_what and not signs.day else 2
        scores[Intent.PROGRESS] -= 0 if signs.number else 2
    elif scores[Intent.POLICY] and not (signs.named or signs.hardship or signs.number or signs.finished or signs.going_on):
        scores[Intent.POLICY] += 1
    if signs.number:
        scores[Intent.PROGRESS] += 3
    if signs.percent and (signs.number or signs.going_on or not signs.named):
        scores[Intent.PROGRESS] += 2
    if signs.finished:
        scores[Intent.PROGRESS] += 2
    if signs.undone and (signs.number or scores[Intent.PROGRESS]):
        scores[Intent.PROGRESS] += 1
    if signs.named and not signs.number:
        found = 2 * signs.fine + 3 * signs.absent
        scores[Intent.VISIT] += min(found, 1) if signs.hardship else found + signs.denied
