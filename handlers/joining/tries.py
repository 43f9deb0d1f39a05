"""How fast a household may be guessed at: free tries, then waits that double up to a longest one. Pure.

A name has about two right tails in ten thousand. At the longest waits a guesser with any number of phones has one try a day
at one name, and four a day in a whole village: years, for a phone that then sees nothing before a cadre has confirmed it.
Nobody is locked out: the office and a cadre's code at the door are never counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from storage.joining.admissions import Tally, WrongTries

COUNTED = timedelta(days=30)
"""How long a wrong try counts."""

TRIES = 3
"""Wrong or right, a chat may name somebody of the roster so often a day; then the office looks."""

CODE_TRIES = 5
"""So often a day a chat may say a code that nobody has shown it."""


class Limit(NamedTuple):
    """`free` wrong tries cost nothing; each further one doubles the wait from `first` on, up to `most`."""

    free: int
    first: timedelta
    most: timedelta


NAME = Limit(5, timedelta(minutes=10), timedelta(days=1))
"""All chats together for one name of a village: more than a family with several phones needs."""
INVITATION = Limit(30, timedelta(minutes=1), timedelta(hours=6))
VILLAGE = Limit(40, timedelta(minutes=1), timedelta(hours=6))
"""More than go wrong when a whole village joins at its assembly; a second QR code helps a guesser little."""


def open_again(tries: WrongTries) -> datetime | None:
    """When the next try may be made, wrong ones being as they are; None: at any time."""
    pairs = ((NAME, tries.name), (INVITATION, tries.invitation), (VILLAGE, tries.village))
    return max((moment for limit, tally in pairs if (moment := _after(limit, tally))), default=None)


def wait_of(limit: Limit, count: int) -> timedelta:
    """How long to wait after so many wrong tries."""
    beyond = count - limit.free
    if beyond < 0:
        return timedelta()
    return min(limit.first * (1 << min(beyond, 16)), limit.most)


def wait_in_words(wait: timedelta) -> str:
    """ "10 分钟", "3 小时": rounded up, so that whoever comes back then is not sent away again."""
    minutes = -(-wait.total_seconds() // 60)
    return f"{minutes:.0f} 分钟" if minutes < 60 else f"{-(-minutes // 60):.0f} 小时"


def _after(limit: Limit, tally: Tally) -> datetime | None:
    wait = wait_of(limit, tally.wrong)
    return tally.last + wait if tally.last and wait else None
