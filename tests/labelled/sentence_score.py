"""How well the labelled sentences are understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from handlers.sentences.understanding import NameIndex, Understood, understand
from tests.labelled import TODAY, Sentence, plan, roster
from tests.labelled.counts import F1, Share

_DETAILS = ("number", "percent", "finished", "absent", "fine", "first", "last")
_OF_CASES = ("report", "visit")
"""What the risks of a household are spoken of in; elsewhere their words mean something else, and nothing is made of them."""


@dataclass
class SentenceScore:
    """`unasked` counts households found where none is named; `details` are numbers, percentages, days and the like."""

    intent: Share = field(default_factory=Share)
    household: Share = field(default_factory=Share)
    kinds: F1 = field(default_factory=F1)
    unasked: Share = field(default_factory=Share)
    details: Share = field(default_factory=Share)
    misses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        named = ("intent", "household", "kinds", "unasked", "details")
        return "\n".join(f"{name:10} {getattr(self, name)}" for name in named)


def score_sentences(listed: Sequence[Sentence]) -> SentenceScore:
    index = NameIndex(roster())
    score = SentenceScore()
    for sentence in listed:
        heard = understand(
            sentence.text, index, plan().villages, plan().lexicon, sentence.within, TODAY, sentence.home
        )  # fmt: skip
        wrong = list(_compared(sentence, heard, score))
        if wrong:
            score.misses.append(f"{sentence.text}   [{sentence.speaker}]\n    " + "; ".join(wrong))
    return score


def _compared(sentence: Sentence, heard: Understood, score: SentenceScore) -> Iterator[str]:
    right = heard.intent in (sentence.intent, *sentence.also)
    score.intent.count(right)
    if not right:
        yield f"intent {heard.intent.value} for {sentence.intent}"
    share = score.household if sentence.names_household else score.unasked
    right = set(heard.households) == sentence.meant
    share.count(right)
    if not right:
        yield f"households {_named(heard.households)} for {_named(sentence.meant)} (heard: {heard.named})"
    if sentence.intent in _OF_CASES:
        score.kinds.count(set(sentence.kinds), set(heard.kinds))
        if set(heard.kinds) != set(sentence.kinds):
            yield f"kinds {', '.join(heard.kinds) or '-'} for {', '.join(sentence.kinds) or '-'}"
    for name in _DETAILS:
        wanted, got = getattr(sentence, name), getattr(heard, name)
        if wanted is None and name != "number":
            continue
        score.details.count(got == wanted)
        if got != wanted:
            yield f"{name} {got} for {wanted}"


def _named(numbers: Iterable[int]) -> str:
    homes = (roster().by_id[number] for number in sorted(numbers))
    return ", ".join(f"{home.number} {home.head}" for home in homes) or "-"
