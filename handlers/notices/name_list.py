"""Reads a list of people, typed or from a table: names, telephone numbers, perhaps villages. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from handlers.files.tables import HEADER_WITHIN, Row, is_blank, plain
from handlers.reading import Unreadable, clean, read_phone
from storage.notices.addressees import Holder

MOST = 3_000
"""People on one list."""

_PIECES = re.compile(r"[\n、,;/]+")
_NAME, _PHONE, _VILLAGE = "name", "phone", "village"
_HEADINGS = {
    **dict.fromkeys(("姓名", "名字", "户主", "户主姓名", "人员姓名"), _NAME),
    **dict.fromkeys(("电话", "手机", "手机号", "手机号码", "电话号码", "联系电话", "联系方式"), _PHONE),
    **dict.fromkeys(("村", "行政村", "所在村", "村名"), _VILLAGE),
}

Villages = Mapping[str, str]
"""Codes by name, such as 白塔村."""


@dataclass(frozen=True, slots=True)
class ListedName:
    """A line of the list: a name, a number or both; `village` is a code, empty if none was said."""

    name: str = ""
    phone: str = ""
    village: str = ""


@dataclass(frozen=True, slots=True)
class MatchedPeople:
    """The people a list means (ids, each once), and the names that fit nobody, several, or somebody without a chat."""

    people: list[int]
    unknown: list[str]
    several: list[str]
    unbound: list[str]


def from_text(text: str, villages: Villages) -> list[ListedName]:
    """ "张三、白塔村李四，王五 13800001111": names apart by 、 or commas or spaces, a number belongs to the name before it."""
    return _most([entry for piece in _PIECES.split(clean(text)) for entry in _in_piece(piece.split(), villages)])


def from_rows(rows: Sequence[Row], villages: Villages) -> list[ListedName]:
    """Of a table: the columns headed 姓名， 电话， 村； where no heading is known, every cell that can be read."""
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        columns = {_HEADINGS.get(clean(plain(cell)).replace(" ", "")): at for at, cell in enumerate(row)}
        if _NAME in columns or (_PHONE in columns and None not in columns):
            columns.pop(None, None)
            return _most([_of_row(one, columns, villages) for one in rows[place + 1 :] if not is_blank(one)])
    return _most([entry for row in rows for entry in from_text(" ".join(map(plain, row)), villages)])


def match_people(
    entries: Iterable[ListedName],
    by_name: Mapping[str, Collection[Holder]],
    by_phone: Mapping[str, Collection[Holder]],
    is_head: Callable[[str, str], bool],
) -> MatchedPeople:
    """A number is certain; a name must be one person's, in the village if one was said.

    `is_head` tells whether a household of the roster has a head of this name (in this village).
    """
    found = MatchedPeople([], [], [], [])
    for entry in entries:
        people = {one.person_id for one in by_phone.get(entry.phone, ())} if entry.phone else set()
        if not people:
            named = by_name.get(entry.name, ())
            people = {one.person_id for one in named if one.region.startswith(entry.village)}
        shown = entry.name or f"尾号{entry.phone[-4:]}"
        if len(people) == 1:
            found.people.append(people.pop())
        elif people:
            found.several.append(shown)
        elif entry.name and is_head(entry.name, entry.village):
            found.unbound.append(shown)
        else:
            found.unknown.append(shown)
    return MatchedPeople(list(dict.fromkeys(found.people)), _once(found.unknown), _once(found.several), _once(found.unbound))


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _in_piece(tokens: Sequence[str], villages: Villages) -> list[ListedName]:
    entries: list[ListedName] = []
    where = ""
    for token in tokens:
        if phone := _phone(token):
            if entries and not entries[-1].phone:
                entries[-1] = ListedName(entries[-1].name, phone, entries[-1].village)
            else:
                entries.append(ListedName(phone=phone))
        elif token in villages:
            where = villages[token]
        elif not token.isdecimal():
            entries.append(_named(token, where, villages))
    return entries


def _named(token: str, where: str, villages: Villages) -> ListedName:
    for name, code in villages.items():
        rest = token.removeprefix(name)
        if rest != token and rest:
            return ListedName(rest, village=code)
    return ListedName(token, village=where)


def _of_row(row: Row, columns: Mapping[str | None, int], villages: Villages) -> ListedName:
    def cell(kind: str) -> str:
        at = columns.get(kind)
        return "" if at is None or at >= len(row) else clean(plain(row[at]))

    return ListedName(cell(_NAME).replace(" ", ""), _phone(cell(_PHONE)), villages.get(cell(_VILLAGE), ""))


def _phone(text: str) -> str:
    try:
        return read_phone(text) if len(text) <= 20 and any(char.isdecimal() for char in text) else ""
    except Unreadable:
        return ""


def _most(entries: Sequence[ListedName]) -> list[ListedName]:
    listed = [entry for entry in entries if entry.name or entry.phone]
    if not listed:
        raise Unreadable("名单里没看到姓名。请发姓名，用顿号隔开，例如：张三、李四")
    if len(listed) > MOST:
        raise Unreadable(f"名单有 {len(listed)} 人，一次最多 {MOST} 人，请分几次发。")
    return listed
