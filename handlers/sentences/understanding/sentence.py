"""One sentence, understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from handlers.reading import tidy
from handlers.reading.percents import percent_in
from handlers.sentences.understanding.days import leave_days, leave_reason
from handlers.sentences.understanding.homes import NamedHomes, named_in
from handlers.sentences.understanding.intents import IntentWeigher, Signs
from handlers.sentences.understanding.kinds import KindFinder
from handlers.sentences.understanding.meaning import Intent, Understood
from handlers.sentences.understanding.names import NameIndex
from handlers.sentences.understanding.numbers import problem_number
from handlers.sentences.understanding.phrases import Hearing, Phrasebook, any_of
from handlers.sentences.understanding.places import village_names
from handlers.sentences.understanding.surroundings import NameWords
from storage.plan import Region
from storage.plan.lexicon import Lexicon

_LONGEST = 400
"""Characters looked at; a longer text is not one sentence."""
_NOT = re.compile("(?:不|没|不太|不大|不咋|不怎么|不是很|没那么)$")
_NO_QUESTION = re.compile("[没不][什怎][么]|没啥|[没不]咋|(?:什么|啥|怎么|咋|哪儿?|谁)[都也]|没多少|多少有?点")
_ASKS_WHAT = re.compile("谁|怎么|咋|啥|什么|多少|几天|哪|如何")
_ASKS_AT_ITS_END = re.compile(r"(?:没有?|不|吗|么)$")
_SENTENCE = 5
"""Characters from which on an end like 没 asks for a rule; 下班没 does not."""
_MORE = 3
"""Characters beside a name from which on something is said of it."""
_OF_CASES = (Intent.REPORT, Intent.VISIT)


class _Words:
    """A lexicon made ready for use."""

    def __init__(self, lexicon: Lexicon) -> None:
        phrases = [
            *(phrase for one in lexicon.kinds for phrase in one.says),
            *(phrase for one in lexicon.intents for phrase in one.strong),
            *lexicon.done,
            *lexicon.fine,
            *lexicon.absent,
        ]
        self.hearing = Hearing([*lexicon.spoken, *(word for one in lexicon.kinds for word in one.alike)], phrases)
        self.kinds = KindFinder(lexicon)
        self.names = NameWords(lexicon)
        self.intents = IntentWeigher(lexicon.intents)
        self._done = Phrasebook(lexicon.done)
        self._not_yet = re.compile(f"(?:{any_of(lexicon.not_yet).pattern})$")
        self.fine, self.trouble = Phrasebook(lexicon.fine), Phrasebook(lexicon.trouble)
        self.absent, self.asking = Phrasebook(lexicon.absent), Phrasebook(lexicon.asking)
        self.going = re.compile(f"(?<![接收报轮直提想等找得拿])(?:{any_of(lexicon.going).pattern})$")
        self.own = Phrasebook(lexicon.own)
        self.pleas = any_of(lexicon.pleas)
        leave = [one for one in lexicon.intents if one.intent == "leave"]
        policy = [one for one in lexicon.intents if one.intent == "policy"]
        self.policy = Phrasebook([word for one in policy for word in (*one.strong, *one.weak)])
        self.leave = any_of([word for one in leave for word in one.strong])
        self.going_on = Phrasebook(lexicon.going_on)

    def well(self, meant: str) -> bool:
        """Whether something is said to be fine: 正常, not 不正常."""
        return any(not _NOT.search(meant, 0, start) for start, _ in self.fine.spans(meant))

    def asks(self, meant: str, *, named: bool) -> bool:
        """Whether it is a question; where nobody is named, about rules without the usual words of one as well."""
        bare = self.pleas.sub("|", _NO_QUESTION.sub("|", meant))
        if bare in self.asking or named:
            return bare in self.asking
        ends_so = len(meant) >= _SENTENCE and _ASKS_AT_ITS_END.search(meant) is not None
        of_rules = meant in self.policy and self.leave.search(meant) is None
        return ends_so or (of_rules and _ASKS_WHAT.search(bare) is not None)

    def work(self, meant: str) -> tuple[bool, bool]:
        """Whether some work is said to be done, and whether some is said not to be."""
        ended = f"{meant},"  # 路铺了 tells of work done only where the clause ends
        before = [self._not_yet.search(ended, 0, start) is not None for start, _ in self._done.spans(ended)]
        return not all(before), any(before)


_words = lru_cache(maxsize=4)(_Words)


def understand(
    text: str,
    index: NameIndex,
    villages: Sequence[Region],
    lexicon: Lexicon,
    within: Sequence[str],
    today: date,
    household_of_speaker: int | None = None,
) -> Understood:
    """What `text` means to somebody who may see the regions `within` (codes or their beginnings), on `today`.

    Never raises, and never finds a household outside; with `household_of_speaker` the sentence is about that one alone.
    """
    words = _words(lexicon)
    heard = words.hearing.hear(text[:_LONGEST])
    meant = heard.meant
    hits = words.kinds.hits(heard)
    own = household_of_speaker is not None
    places = village_names(tuple(villages), lexicon).places(heard)
    found = NamedHomes() if own else named_in(words.names, heard, index, places, hits, within)
    asking = words.asks(meant, named=bool(found.words))
    finished, undone = words.work(meant)
    percent = percent_in(meant)
    going_on = meant in words.going_on
    plain = not found.words and words.leave.search(meant) is None
    works = finished or undone or going_on or percent is not None
    number = None if own else problem_number(meant, works=works, plain=plain)
    kinds = words.kinds.meant(hits)
    fine, absent = words.well(meant), meant in words.absent
    signs = Signs(
        more=len(heard.said) - len(found.words) >= _MORE,
        named=bool(found.words),
        own_home=own,
        of_own=meant in words.own,
        hardship=bool(kinds),
        denied=any(hit.denied for hit in hits),
        number=number is not None,
        percent=percent is not None,
        finished=finished,
        undone=undone,
        going_on=going_on,
        went=words.going.search(meant, 0, found.lead) is not None,
        fine=fine,
        absent=absent,
        asking=asking,
        asking_what=_ASKS_WHAT.search(meant) is not None,
        trouble=meant in words.trouble,
        day=any(leave_days(meant, today)),
    )
    intent, others = words.intents.weigh(heard, signs)
    likely = {intent, *others}
    visit, leave = Intent.VISIT in likely, Intent.LEAVE in likely
    first, last = leave_days(meant, today) if leave else (None, None)
    of_cases = bool(likely & set(_OF_CASES))
    return Understood(
        text=tidy(text),
        intent=intent,
        others=others,
        households=_households(found, household_of_speaker, intent),
        named="" if intent is Intent.LEAVE else found.words,
        villages=found.villages,
        kinds=kinds if of_cases else (),
        number=number if Intent.PROGRESS in likely else None,
        percent=percent if Intent.PROGRESS in likely else None,
        finished=finished and not undone and percent in (None, 100) and Intent.PROGRESS in likely,
        fine=_fine(signs) if visit else None,
        absent=absent and visit,
        first=first,
        last=last,
        reason=leave_reason(meant, words.leave) if leave else "",
    )


def _households(found: NamedHomes, own: int | None, intent: Intent) -> tuple[int, ...]:
    if own is not None:
        return (own,) if intent is Intent.REPORT else ()
    return () if intent is Intent.LEAVE else tuple(one.id for one in found.households)


def _fine(signs: Signs) -> bool | None:
    """Whether all was well, as far as it is said; a hardship said outweighs 没问题."""
    if signs.hardship or signs.trouble:
        return False
    return True if signs.fine or signs.denied else None
