"""Words in a sentence that may stand for a household, and how likely each reading is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handlers.sentences.understanding.names import bare_name
from handlers.sentences.understanding.sounds import nearly_alike, sound
from handlers.sentences.understanding.surroundings import BEFORE, HOME, HOME_BEHIND, Surroundings
from storage.people.pinyin import syllables
from storage.roster import Household

MOST = 5
"""How many households are offered to choose from."""

_FULL = 3
_LONG, _SHORT, _LONG_BY_SOUND, _SHORT_BY_SOUND, _PART, _OFF, _SURNAME, _OLD_SURNAME = 6, 4, 4, 2, 1, 1, 1, 2
_ENOUGH = 6
"""A name counts from here on: a long one as written by itself, others by what stands around them."""

_NUMBERED = re.compile(
    r"(?:户号|户编号)(?:是|为|:)?(\d{1,9})|(\d{1,9})(?:号户|号农户|号人家|号家)"
    r"|编号(\d{1,9})的?(?:农?户|人?家)|(?:^|[村屯组,])(\d{3,9})户(?![,。数]|$)|(?:^|[村屯组,])(\d{4,9})家(?![,。]|$)"
)
_OLD = re.compile(r"老(?P<name>.)(?:家|头子?|太太|太婆|爷子|汉|婆子|大爷|大娘|大妈|大叔|婶|奶奶|爷爷|两口子|哥|嫂|姐)?")
_SURNAMED = re.compile(
    r"(?P<name>.)(?:家(?!里|庭|属|乡|长|具|畜|电|访|务|暴)|老[大二三四五六七八九幺]|大爷|大娘|大妈|大叔|婶|奶奶|爷爷|大哥|大嫂)"
)
_CALLED = re.compile(r"姓(?P<name>.)的?(?:那|这)?(?:一)?[家户个]")
_NOT_THIS = re.compile("(?<!是)不是(?:说|指)?$")
_NOT_MEANT = re.compile("家?不是(?:我|要|说|这|那)")
_ADDRESSED = re.compile("大[哥姐嫂叔爷娘妈婶]|老[爷太]|[叔婶姨嫂]")
_SPELLED_OUT = re.compile(
    "(?:弓长|立早|木子|口天|耳东|双口|人可|古月|三横|双人|言午|走肖|美女|双木|干勾|草头|关耳|西早|十八子|刀口|土里|白水)(.)"
)
"""弓长张, 立早章: how people tell surnames apart that sound alike."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words taken for a household, and whom they may mean. The highest `score` is the likeliest reading."""

    start: int
    end: int
    score: int
    households: tuple[Household, ...]


def mentions(around: Surroundings) -> list[Mention]:
    """Every reading that is likely enough: whole names and numbers, and only without those, parts, surnames and slips."""
    whole = [*_by_number(around), *_by_name(around)]
    ways: tuple[Callable[[Surroundings], Iterator[Mention]], ...] = (_by_part, _by_surname, _by_slip)
    for found in (whole, *(way(around) for way in ways)):
        if likely := [mention for mention in found if mention.score >= _ENOUGH]:
            return [mention for mention in likely if not _disowned(around, mention)] or likely
    return []


def _disowned(around: Surroundings, mention: Mention) -> bool:
    """不是张三, 是李四: whether it is said that this one is not meant."""
    before = _NOT_THIS.search(around.said, 0, around.lead(mention.start))
    return before is not None or _NOT_MEANT.match(around.said, mention.end) is not None


def _by_number(around: Surroundings) -> Iterator[Mention]:
    for found in _NUMBERED.finditer(around.said):
        home = around.index.roster.by_number.get(int(next(filter(None, found.groups()))))
        if home and (seen := around.placed(around.seen([home]), found.start())):
            yield Mention(found.start(), found.end(), 2 * _ENOUGH, seen)


def _by_name(around: Surroundings) -> Iterator[Mention]:
    spelled = _SPELLED_OUT.search(around.said)
    for start, end, seen in around.names:
        words = around.said[start:end]
        households = around.placed([one for one in seen if _may_mean(around, one, start, end)], start)
        if not households or around.inside_a_place(start, end) or around.is_ordinary(start, end):
            continue
        if spelled and words[0] == spelled[1]:
            households = tuple(one for one in households if one.head[0] == spelled[1]) or households
        written, long = any(words in called(one) for one in households), end - start >= _FULL
        score = (_LONG if long else _SHORT) if written else (_LONG_BY_SOUND if long else _SHORT_BY_SOUND)
        yield Mention(start, end, score + around.before(start) + around.after(end), _best(words, households))


def _by_part(around: Surroundings) -> Iterator[Mention]:
    """桂兰家 for 张桂兰, 那顺家 for 那顺乌力吉, who is 那顺 in short anywhere."""
    for start in range(len(around.said)):
        if not (before := around.before(start)):
            continue
        for end in (start + _FULL - 1, start + _FULL):
            if end > len(around.said) or not around.after(end) or around.is_ordinary(start, end):
                continue
            part = around.said[start:end]
            home = HOME_BEHIND.match(around.said, end) or _ADDRESSED.match(around.said, end)
            alike = around.index.by_part(around.sound[start:end])
            meant = around.seen(one for one in alike if home or _is_short(part, one))
            found = around.placed([one for one in meant if _has(one, part)], start)
            if 0 < len(found) <= MOST:
                yield Mention(start, end, _PART + before + HOME, found)


def _by_surname(around: Surroundings) -> Iterator[Mention]:
    """老李家, 张老五, 郑大娘: all of that surname, where the village is known."""
    if not around.villages and any(len(region) < len("220881100203") for region in around.within):
        return
    for pattern, own in ((_OLD, _OLD_SURNAME), (_SURNAMED, _SURNAME), (_CALLED, _SURNAME)):
        for found in pattern.finditer(around.said):
            before, after = around.before(found.start()), around.after(found.end())
            before = BEFORE if pattern is _CALLED else before
            # 王家宝家 is no 王家.
            cut = pattern is _SURNAMED and found[0].endswith("家") and not after
            if before and not cut and around.index.is_surname(found["name"]):
                alike = around.placed(around.seen(around.index.surnamed(found["name"])), found.start())
                after = HOME if found[0].endswith("家") or len(found[0]) > len("老李") else after
                if alike:
                    yield Mention(found.start(), found.end(), own + before + after, alike)


def _by_slip(around: Surroundings) -> Iterator[Mention]:
    """张桂南 for 张桂兰: one character of the given name is another, easily heard for it; any other where the 屯 is right."""
    for start in range(len(around.said) - _FULL + 1):
        if not (before := around.before(start)):
            continue
        for end in range(start + _FULL, min(len(around.said), start + _FULL + 1) + 1):
            words = around.said[start:end]
            if not around.after(end) or words[-1] in "家他她户的":
                continue
            near: list[Household] = []
            for one in around.seen(around.index.one_off(around.key(start, end))):
                slip = _slip(words, bare_name(one.head))
                if slip and (nearly_alike(*slip) or around.in_the_group_before(one, start)):
                    near.append(one)
            if 0 < len(found := around.placed(near, start)) <= MOST:
                yield Mention(start, end, _OFF + before + HOME, found)


def called(one: Household) -> tuple[str, str]:
    """The whole names of a household: its head's, and its nickname or nothing."""
    return bare_name(one.head), one.nickname


def _may_mean(around: Surroundings, one: Household, start: int, end: int) -> bool:
    """Whether words that sound like a household's name may mean it; with every character wrong, it takes 家 behind them."""
    words = around.said[start:end]
    names = [name for name in called(one) if len(name) == len(words)]
    if any(len(_differing(words, name)) < len(name) for name in names):
        return True
    to_the_letter = any(syllables(words) == syllables(name) for name in names)
    return to_the_letter and around.after(end) == HOME and around.before(start) > 0


def _best(words: str, households: tuple[Household, ...]) -> tuple[Household, ...]:
    """Of those who sound alike, the ones called as written, else with the very sounds, where there are any."""
    spoken = syllables(words)
    written = tuple(one for one in households if words in called(one))
    same = tuple(one for one in households if spoken in map(syllables, called(one)))
    return written or same or households


def _has(household: Household, part: str) -> bool:
    """Whether the head's name has a part that is written so in half of its characters at least."""
    name = bare_name(household.head)
    parts = (name[1:], name[: len(part)] if len(name) > _FULL else "")
    return any(len(one) == len(part) and 2 * len(_differing(part, one)) <= len(part) for one in parts)


def _is_short(part: str, household: Household) -> bool:
    """Whether a part is the written beginning of a long name, by which its bearer goes."""
    name = bare_name(household.head)
    return len(name) > _FULL and name.startswith(part)


def _differing(words: str, name: str) -> list[tuple[str, str]]:
    """The characters in which two names of one length differ, as written."""
    return [(a, b) for a, b in zip(words, name, strict=True) if a != b]


def _slip(words: str, name: str) -> tuple[str, str] | None:
    """The two characters that differ, if only one pair does apart from those that sound the same."""
    apart = [(a, b) for a, b in _differing(words, name) if sound(a) != sound(b)] if len(words) == len(name) else []
    return apart[0] if len(apart) == 1 else None
