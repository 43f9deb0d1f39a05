"""What a plan written for an earlier version lacks: the usual value stands in for it, and can be written into its file. Pure.

The usual values are those of the plan that comes with cunbao. Only what is no matter of one town has any: how much is
checked and asked, the clocks, the reminders, the limits of burden, and when tasks are gone through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from storage.plan.lines import TomlStatement, statements

Key = tuple[str, ...]

_TOP = ("sampling_ratio", "quiz_daily")
_WHOLE = ("burden", "selfcheck")
"""Tables that are taken whole: what is left out of one that is there means something."""
_EACH = ("clocks", "reminders")
"""Tables of which each key has a usual value."""

_SAID = "# 由 cunbao plan upgrade 补上：通常的做法，请照本地方案核对。"


def lacking(data: Mapping[str, Any], usual: Mapping[str, Any]) -> list[Key]:
    """The keys that are not in the plan's `data` and have a usual value."""
    missing: list[Key] = [(name,) for name in (*_TOP, *_WHOLE) if name not in data]
    for name in _EACH:
        there = data.get(name, {})
        if isinstance(there, dict):
            missing += [(name, key) for key in usual[name] if key not in there]
    return missing


def filled(data: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The plan's `data` with the usual values of what it lacks."""
    whole = dict(data)
    for key in lacking(data, usual):
        if len(key) == 1:
            whole[key[0]] = _selfcheck(data, usual) if key == ("selfcheck",) else usual[key[0]]
        else:
            whole[key[0]] = {**whole.get(key[0], {}), key[1]: usual[key[0]][key[1]]}
    return whole


def _selfcheck(data: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, str]:
    """The usual one where the plan has its phase and its source, else the first of each."""
    found = {}
    for name, listed in (("phase", "phases"), ("source", "problem_sources")):
        codes = [one["code"] for one in data.get(listed, ()) if isinstance(one, dict) and "code" in one]
        wanted = usual["selfcheck"][name]
        found[name] = wanted if wanted in codes or not codes else codes[0]
    return found


def completed(text: str, data: Mapping[str, Any], usual_text: str, usual: Mapping[str, Any]) -> str:
    """The plan's text with the usual lines of what it lacks; nothing that stands there is touched."""
    lines = text.splitlines()
    added: dict[int, list[str]] = {}
    placed = list(statements(text))
    source = _Source(usual_text)
    missing = lacking(data, usual)
    for name in _TOP:
        if (name,) in missing:
            added.setdefault(_end_of_top(placed), []).extend([_SAID, *source.lines((name,))])
    for name in (*_EACH, *_WHOLE):
        keys = [key for key in missing if key[0] == name]
        if not keys:
            continue
        block = [line for key in keys for line in (source.lines(key) if len(key) > 1 else source.body(name))]
        if name == "selfcheck":
            block = [f'{key} = "{value}"' for key, value in _selfcheck(data, usual).items()]
        if name in data:
            added.setdefault(_end_of(placed, name), []).extend([_SAID, *block])
        else:
            added.setdefault(len(lines), []).extend(["", _SAID, f"[{name}]", *block])
    for at in sorted(added, reverse=True):
        lines[at:at] = added[at]
    return "\n".join(lines) + "\n"


def words_for(usual_text: str, codes: Sequence[str]) -> str:
    """The usual word list without its words for other hardships than `codes`, and without its names of villages."""
    lines = usual_text.splitlines()
    blocks = list(_tables(usual_text))
    dropped: set[int] = set()
    for at, (name, first) in enumerate(blocks):
        last = blocks[at + 1][1] if at + 1 < len(blocks) else len(lines) + 1
        own = "\n".join(lines[first - 1 : last - 1])
        if name == "villages" or (name == "kinds" and not any(f'code = "{code}"' in own for code in codes)):
            dropped |= set(range(first, last))
    return "\n".join(line for at, line in enumerate(lines, 1) if at not in dropped) + "\n"


def _tables(text: str) -> Iterator[tuple[str, int]]:
    """Each header of a list of tables: name and line."""
    for statement in statements(text):
        if len(statement.path) == 2 and isinstance(statement.path[1], int):
            yield str(statement.path[0]), statement.first


class _Source:
    """The lines of the plan that the usual values come from."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._places = {statement.path: statement for statement in statements(text)}

    def lines(self, key: Key) -> list[str]:
        place = self._places[key]
        return self._lines[place.first - 1 : place.last]

    def body(self, name: str) -> list[str]:
        return [line for path, _ in self._places.items() if len(path) == 2 and path[0] == name for line in self.lines(path)]  # type: ignore[arg-type]


def _end_of_top(placed: Sequence[TomlStatement]) -> int:
    """The line behind the last single key at the top."""
    last = 0
    for statement in placed:
        if len(statement.path) > 1 or _is_table(statement, placed):
            break
        last = statement.last
    return last


def _is_table(statement: TomlStatement, placed: Sequence[TomlStatement]) -> bool:
    return any(len(other.path) > 1 and other.path[0] == statement.path[0] for other in placed)


def _end_of(placed: Sequence[TomlStatement], name: str) -> int:
    """The line behind the last key of the table `name`."""
    return max(statement.last for statement in placed if statement.path[0] == name)
