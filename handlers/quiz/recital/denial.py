"""Whether what was heard is denied in the same breath: 不用公示， 公示可以免了； and not 公示不能少， which only
sounds like it. Pure.
"""

from __future__ import annotations

import re

from handlers.quiz.recital.tokens import Speech

_LIGHT = "[搞做办走开弄再经过进行要用去管个有]{0,3}"
_NEEDLESS = re.compile(
    "(?:不用|不需要?|不必|用不着|没有?必要|无需|无须|不包括|不含|不算|不是|免去|免除|取消|省去|省略|除去?|跳过)" + _LIGHT + "$"
)
_NOT = re.compile(
    "(?:(?<!不)(?:可以|能)[落漏少缺减丢][下了掉]?|不|没|(?<![特分区级个性类])别|未|不能|不许|不准|禁止|停止)" + _LIGHT + "$"
)
_RATHER = re.compile(
    "(?:不能不|不得不|不可不|没有不|不能没有?|不能缺|不可缺少?|不能缺少|不能少|不仅仅?|不但|不光|不只|不单|不止|不管|不论|无论"
    "|要不|差不多|能不能|要不要|是不是|不是不)[搞做办走要有是]{0,2}$"
)
_AFTERWARDS = re.compile(
    "(?:这[步项个条])?(?:都|也|就|可以|可|是|那)*?(?:不用|不需要?|不必|不做|不搞|不要|免了?|免掉|省了|省略|省掉|取消|没有?必要"
    "|可有可无|无所谓|除外|不算|不在|没有?[做搞办]|(?:可以|能)[少减落漏缺晚缓]一?些?)[做搞办走弄去要掉再]*"
)
_LONGEST = 8


def denied(said: Speech, start: int, end: int, begins: frozenset[int], *, to_avoid: bool) -> bool:
    """`begins`: where other points are heard, to which a denial in between belongs (授权不用评议).

    `to_avoid`: the point is something that must not be, so that 不搞大操大办 names it rightly.
    """
    first, last = said.part(start, end)
    before = said.text(max(first, start - _LONGEST), start)
    if _RATHER.search(before):
        return False
    if _NEEDLESS.search(before):
        return True
    if to_avoid:
        return False
    if _NOT.search(before):
        return True
    after = _AFTERWARDS.match(said.text(end, last))
    return bool(after) and not any(end < place <= last for place in begins if place != last)
