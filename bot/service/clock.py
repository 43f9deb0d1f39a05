"""The clock. Every part of the bot is given one, so that tests can be at any date.

The computer's time can be wrong: a flat battery, a slip of the thumb, a time server gone mad. One moment a year ahead that is
acted upon would silence a town for a year. So the service goes by `GuardedClock`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from storage.database.base import SHANGHAI

Clock = Callable[[], datetime]

FAR = timedelta(days=1)
"""A longer jump is doubted; a shorter one is a battery, a time server or a summer time, and is followed at once."""

BELIEVED_AFTER = 600.0
"""Seconds after which a jump is believed that nobody has called wrong."""

SLACK = timedelta(minutes=5)
"""By so much the time may be put back without anything having been written in a future."""

_NOTED_EVERY = 60.0
"""Seconds after which a clock that runs as it should is noted anew, since no two run quite alike."""


def system_clock() -> datetime:
    """The machine's time, in Shanghai."""
    return datetime.now(SHANGHAI)


def steady_seconds() -> float:
    """Seconds that nobody can set, the same in all processes; where the system has it, they go on while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Line(NamedTuple):
    """A moment, and what the steady seconds were at it: from these every other moment follows."""

    moment: datetime
    steady: float

    def at(self, steady: float) -> datetime:
        return self.moment + timedelta(seconds=steady - self.steady)

    def passes(self, moment: datetime, steady: float) -> bool:
        """Whether a clock that shows `moment` still runs along this line, give or take a day."""
        return abs(moment - self.at(steady)) <= FAR


@dataclass
class GuardedClock:
    """The time by the computer, but for a jump of more than a day, forward or back.

    Such a jump is followed after `BELIEVED_AFTER` or the office's word. Until then the time goes on from the last believed
    moment by the steady seconds. Only at the start nobody knows how long the computer was off: where its time lies more than
    a day ahead of what is stored, people are served by it at once, and `waits` says that timed jobs must not act on it yet.
    A moment that the office calls wrong is not followed until the computer shows another.

    One that is pickled goes on where it was, in another process of the same computer.
    """

    wall: Clock = system_clock
    steady: Callable[[], float] = steady_seconds
    _line: _Line = field(init=False)
    _before: _Line | None = field(default=None, init=False)
    """What was believed before the last jump that was followed."""
    _claim: _Line | None = field(default=None, init=False)
    """The jump that is doubted."""
    _refuted: bool = field(default=False, init=False)
    _waits: bool = field(default=False, init=False)
    _fell: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._line = _Line(self.wall(), self.steady())

    def begin(self, stored: datetime | None) -> None:
        """Compare with the newest stored moment, once at the start."""
        now, steady = self.wall(), self.steady()
        self._line, self._before, self._claim = _Line(now, steady), None, None
        self._refuted = self._waits = False
        if stored is None or abs(now - stored) <= FAR:
            return
        self._claim, kept = self._line, _Line(stored, steady)
        if now > stored:
            self._waits, self._before = True, kept
        else:
            self._line = kept

    def __call__(self) -> datetime:
        now, steady = self.wall(), self.steady()
        gone = steady - self._line.steady
        if self._claim is None and gone < _NOTED_EVERY and abs((now - self._line.moment).total_seconds() - gone) < 1:
            return now  # nearly always, and this is called for every row
        if self._line.passes(now, steady):
            if self._claim and steady - self._claim.steady >= BELIEVED_AFTER:
                self._waits = False
            if not self._waits:
                self._claim, self._refuted = None, False
            self._follow(_Line(now, steady))
            return now
        if self._waits and self._before:  # it was put right, or wrong again: as if we had only now started
            self._fell = True
            self.begin(self._before.at(steady))
            return self._line.at(steady)
        if self._claim is None or not self._claim.passes(now, steady):
            self._claim, self._refuted = _Line(now, steady), False
        if not self._refuted and steady - self._claim.steady >= BELIEVED_AFTER:
            self._believe(_Line(now, steady))
        return self._line.at(steady)

    @property
    def waits(self) -> bool:
        """Whether timed jobs have to wait until the time is believed."""
        self()
        return self._waits

    @property
    def doubted(self) -> datetime | None:
        """What the computer's clock shows, while that is doubted."""
        self()
        return self._claim and self._claim.at(self.steady())

    @property
    def far_off(self) -> timedelta:
        """How far what is doubted lies from what was believed."""
        steady = self.steady()
        believed = self._before if self._waits and self._before else self._line
        return abs(self._claim.at(steady) - believed.at(steady)) if self._claim else timedelta()

    def told(self, moment: datetime, *, right: bool) -> bool:
        """The office has said of `moment` that it is right or wrong. Returns whether that changes anything."""
        now, steady = self.wall(), self.steady()
        if abs(now - moment) > FAR:
            return False
        if right:
            if self._claim is None:
                return False
            if self._waits:
                self._claim, self._waits, self._refuted = None, False, False
            else:
                self._believe(_Line(now, steady))
            return True
        if self._refuted or (self._claim is None and self._before is None):
            return False
        if self._before is not None and (self._claim is None or self._waits):
            self._follow(self._before)
            self._before = None
        self._claim, self._refuted, self._waits = _Line(now, steady), True, False
        return True

    def fell(self) -> bool:
        """Whether the time has been put back since this was last asked, so that something may be written in a future."""
        fell, self._fell = self._fell, False
        return fell

    def _believe(self, line: _Line) -> None:
        self._before, self._claim, self._refuted = self._line, None, False
        self._follow(line)

    def _follow(self, line: _Line) -> None:
        if line.moment < self._line.at(line.steady) - SLACK:
            self._fell = True
        self._line = line
