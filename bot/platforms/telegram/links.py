"""What Telegram would make tappable in a text by itself, though somebody typed it.

Telegram finds addresses, names, mail and commands in every text, unless they are marked as code: then they are shown as
they are, and a tap copies them. Which endings it takes for those of the net, and which signs for a part of a name, is its own
affair and changes: anything that might be one is marked, which does no harm. Links that the bot itself wrote are named in
`Outgoing.links` and stay as Telegram makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_BETWEEN = r"\s，。；：！？、…（）「」『』《》〈〉【】“”‘’"
"""What stands between words. A full stop between letters and digits of ASCII is a dot to whoever reads names of the net."""
_RUN = re.compile(rf"(?:[^{_BETWEEN}]|(?<=[A-Za-z0-9])。(?=[A-Za-z0-9]))+")
_TAPPABLE = re.compile(
    r"://"
    r"|[.．｡․﹒。][^\w\s]{0,3}[^\W\d_]"  # a letter of any script behind a dot, also where signs stand between
    r"|\d{1,3}(?:\.\d{1,3}){3}"
    r"|[@＠]\w"  # somebody on Telegram, or mail
    r"|(?<![\w/<>])/[A-Za-z0-9_]"  # a command, which a tap would say in the reader's name
    r"|#\w*[^\W\d]|\$[A-Za-z]"  # a search, which finds what anybody has published
)
_MOST = 90
"""Telegram looks at no more than 100 marks of a message."""


def typed(text: str, own: Collection[str]) -> list[tuple[int, int]]:
    """Where in the text something tappable begins and ends that is none of the bot's `own` links. Pure."""
    found = [run.span() for run in _RUN.finditer(text) if run[0] not in own and _TAPPABLE.search(run[0])]
    return found if len(found) <= _MOST else [(found[0][0], found[-1][1])]
