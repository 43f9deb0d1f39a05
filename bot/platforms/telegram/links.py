"""What Telegram would make tappable in a text by itself, though somebody typed it.

Telegram finds addresses, names, mail and commands in every text, unless they are marked as code: then they are shown as
they are, and a tap copies them. Links that the bot itself wrote are named in `Outgoing.links` and stay as Telegram makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_RUN = re.compile(r"[^\s，。；：！？、…（）「」『』《》〈〉【】“”‘’]+")
_CHINESE_ENDINGS = ("中国", "中國", "公司", "网络", "網絡", "网址", "网站", "在线", "集团", "政务", "公益")
_TAPPABLE = re.compile(
    r"://"
    r"|[^\W_]\.[A-Za-z]{2}"  # a name of the net, with or without www
    r"|[^\W\d_]\.[^\W\d_]{2}"  # one in Chinese, but not "1.房子"
    rf"|\.(?:{'|'.join(_CHINESE_ENDINGS)})"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|@[A-Za-z0-9_]{3}"  # somebody on Telegram
    r"|(?<![\w/<>])/[A-Za-z]"  # a command, which a tap would say in the reader's name
)
_MOST = 90
"""Telegram looks at no more than 100 marks of a message."""


def typed(text: str, own: Collection[str]) -> list[tuple[int, int]]:
    """Where in the text something tappable begins and ends that is none of the bot's `own` links. Pure."""
    found = [run.span() for run in _RUN.finditer(text) if run[0] not in own and _TAPPABLE.search(run[0])]
    return found if len(found) <= _MOST else [(found[0][0], found[-1][1])]
