"""The text of a working morning's message: at most six lines, one or two if nothing is due. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 6
PRESSING = 3
"""Matters with buttons of their own; the rest is a number and /todo."""

_NUMERALS = "零一二三四五六七八九十"
_QUIZ = "有几道题，得空练一练，几分钟就好。"
_UNSENT = "上周的周报还没发，点「看周报」改一改就能发。"


@dataclass(frozen=True, slots=True)
class Morning:
    """One person's morning.

    `due` are lines in the order in which they press, of which `missed` should have come earlier; `fresh` are the titles of
    what came to the person since the last morning. `rest_is_own`: what is not shown the person finds under /todo. `joined`
    phones wait to be confirmed, `vouched` says which colleague has confirmed how many new ones, `knocked` people could not
    prove who they are.
    """

    due: Sequence[str] = ()
    missed: int = 0
    fresh: Sequence[str] = ()
    rest_is_own: bool = True
    quiz: bool = False
    unsent: bool = False
    joined: int = 0
    vouched: Sequence[str] = ()
    knocked: int = 0

    @property
    def empty(self) -> bool:
        return not (self.due or self.fresh or self.quiz or self.doors or self.unsent)

    @property
    def doors(self) -> Sequence[str]:
        """A line for each that has to do with who joins."""
        joined = f"新加入的手机 {self.joined} 部，请看看是不是本人。" if self.joined else ""
        knocked = f"{self.knocked} 人想加入，没对上号。" if self.knocked else ""
        vouched = f"同事加的农户手机：{'、'.join(self.vouched)}，请看看对不对。" if self.vouched else ""
        return [line for line in (joined, vouched, knocked) if line]

    @property
    def shown(self) -> int:
        """How many of `due` are named."""
        least = MOST_LINES - 1 - bool(self.fresh) - self.unsent - len(self.doors)
        return min(PRESSING, least if len(self.due) <= least else least - 1, len(self.due))


def text_of(morning: Morning) -> str:
    if not morning.due:
        return _nothing_due(morning)
    lines = [_head(morning), *morning.due[: morning.shown]]
    if rest := len(morning.due) - morning.shown:
        lines.append(f"还有 {rest} 件" + ("，都在待办里。" if morning.rest_is_own else "，由责任人办理。"))
    lines += [_fresh(morning.fresh)] if morning.fresh else []
    lines += morning.doors
    lines += [_UNSENT] if morning.unsent else []
    return "\n".join(lines)


def quiz_label(questions: int) -> str:
    """ "今日五题"."""
    return f"今日{_NUMERALS[questions] if questions < len(_NUMERALS) else questions}题"


def _head(morning: Morning) -> str:
    count = f"【今日提醒】{len(morning.due)} 件"
    if not morning.missed:
        return count
    which = "" if morning.missed == len(morning.due) else f"其中 {morning.missed} 件"
    return f"{count}，{which}因系统停用晚到"


def _nothing_due(morning: Morning) -> str:
    """The one or two lines of a morning with nothing due."""
    lines = [_fresh(morning.fresh)] if morning.fresh else []
    lines += morning.doors
    lines += [_UNSENT] if morning.unsent else []
    return "【今天】" + "\n".join(lines or [_QUIZ])


def _fresh(titles: Sequence[str]) -> str:
    return f"新来 {len(titles)} 件：{titles[0]}{'等' if len(titles) > 1 else ''}"
