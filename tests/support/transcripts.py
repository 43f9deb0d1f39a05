"""Recorded conversations: played anew and compared, or written down again.

`CUNBAO_RECORD=1 make test` writes what really happened into the files; read the diff before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path

from storage.database.base import SHANGHAI
from tests.support.town import Town


async def check(path: Path, town: Town, *, restart: bool, names: Mapping[str, str] | None = None) -> None:
    """Play the file in `town`, with a restart between any two lines if so wanted.

    `names` stand in the file for what differs at each run, such as an invitation's token.
    """
    recorded = _read(path)
    names = names or {}
    back = {value: name for name, value in names.items()}
    played = await play(town, [_renamed(line, names) for line in recorded], restart)
    played = [_renamed(line, back) for line in played]
    if os.environ.get("CUNBAO_RECORD") and not restart:
        _write(path, played)
        return
    assert played == recorded


async def play(town: Town, transcript: Sequence[str], restart: bool) -> list[str]:
    """Play a transcript; returns it as it really went.

    Lines: `# comment`; `-- 2022-10-14 09:00` sets the clock, and with `tick` behind it lets the timed jobs run;
    `名字 = 户号 1001` makes somebody a household's voice; `名字 三十夜没打开` lets a page fall silent;
    `名字> words`, `名字> [button]`, `名字> 📷`, `名字> 📍45.6,122.8`; `名字@23:50> words` were written when it was last that
    time; everything else is what people got and is rebuilt: `名字< message`.
    """
    played: list[str] = []
    for line in transcript:
        if restart:
            await town.restart()
        if clock := re.fullmatch(r"-- (\S+ \S+)( tick)?", line):
            town.now = datetime.strptime(clock[1], "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
            if clock[2]:
                await town.tick()
                played += [line, *_heard(town)]
                continue
        elif joined := re.fullmatch(r"(\S+) = 户号 (\d+)", line):
            await town.join_household(joined[1], int(joined[2]))
        elif silent := re.fullmatch(r"(\S+) 三十夜没打开", line):
            await town.fall_silent(silent[1])
        elif spoken := re.fullmatch(r"([^\s<>@]+)(?:@(\d\d:\d\d))?> ?(.*)", line):
            played.append(line)
            got = await _act(town, spoken[1], spoken[3], spoken[2])
            played += _heard(town, {spoken[1]: got})
            continue
        elif "<" in line.split(" ", 1)[0]:
            continue
        played.append(line)
    return played


def _heard(town: Town, got: Mapping[str, list[str]] | None = None) -> list[str]:
    """What everybody got; `got` has what was looked at before."""
    told = {name: (got or {}).get(name) or town.unread(name) for name in sorted(town.inboxes)}
    return [f"{name}< {message}" for name, messages in told.items() for message in messages]


async def _act(town: Town, name: str, what: str, when: str | None) -> list[str]:
    if when:
        at = datetime.combine(town.now.date(), time.fromisoformat(when), SHANGHAI)
        return await town.say(name, what, at=at if at <= town.now else at - timedelta(days=1))
    if what.startswith("[") and what.endswith("]"):
        return await town.press(name, what[1:-1])
    if what == "📷":
        return await town.send_photo(name, f"photo {town.now} {len(town.inboxes[name])}".encode())
    if what.startswith("📍"):
        latitude, longitude = what[1:].split(",")
        return await town.send_place(name, float(latitude), float(longitude))
    return await town.say(name, what)


def _renamed(line: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        line = line.replace(old, new)
    return line


def _read(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
