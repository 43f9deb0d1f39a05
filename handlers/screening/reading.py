"""A screening list's file, read and compared with the roster: each row is taken down with what is to become of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from handlers.files.spreadsheets import Limits, read_csv, read_sheets
from handlers.files.tables import Row
from handlers.reading import Unreadable
from handlers.screening.match import Known, Match, match
from handlers.screening.rows import Entry, Line, find_header, read_lines
from storage.plan import Plan
from storage.screening.records import RowState, ScreeningList
from storage.store import Store

ENDINGS = (".xlsx", ".csv")
LIMITS = Limits(bytes=20 * 2**20, unpacked=160 * 2**20, rows=50_000, columns=60)
"""A county's unit sends some tens of thousands of rows; one of 25,000 is some 20 MiB unpacked."""

_PACKED, _OLD_EXCEL = b"PK", b"\xd0\xcf\x11\xe0"


def read_list(content: bytes, plan: Plan, today: date) -> list[Line]:
    """The rows of the first sheet with the headings of a list, or of a .csv. Blocking: call it from a thread.

    Raises Unreadable when `content` is no such list.
    """
    trouble = Unreadable("表格里没有内容。")
    for rows in _sheets(content):
        try:
            header = find_header(rows)
        except Unreadable as error:
            trouble = error
            continue
        if lines := read_lines(rows, header, plan, today):
            return lines
        trouble = Unreadable("表头下面没有名单。")
    raise trouble


def _sheets(content: bytes) -> list[list[Row]]:
    if content.startswith((_PACKED, _OLD_EXCEL)):
        return read_sheets(content, LIMITS)
    rows = read_csv(content) if len(content) <= LIMITS.bytes else []
    if not 0 < len(rows) <= LIMITS.rows:
        raise Unreadable(f"表格要有内容，并且不超过 {LIMITS.rows} 行。太长请分成几个文件。")
    return [rows]


async def take_down(store: Store, screening: ScreeningList, lines: Sequence[Line], known: Known) -> None:
    """Match a chunk of rows with two look-ups and note the outcome of each. `known` is the roster without members."""
    blinds = {line.row: _blind(store, line.entry) for line in lines if line.entry}
    known = Known(known.roster, known.heads)
    for one in await store.screening_lists.with_ids([blind for blind in blinds.values() if blind]):
        if one.id_blind:
            known.by_id[one.id_blind].append(one)
    names = {line.name for line in lines if line.entry and blinds[line.row] not in known.by_id}
    for one in await store.screening_lists.with_names(list(names)):
        known.by_name[one.name].append(one)
    for line in lines:
        if line.entry is None:
            store.screening_lists.take_down(screening.id, line.row + 1, line.name, RowState.WRONG, line.told)
        else:
            blind = blinds[line.row]
            _note(store, screening, line, line.entry, blind, match(line.entry, blind, screening.region, known))


def _note(store: Store, screening: ScreeningList, line: Line, entry: Entry, blind: str | None, found: Match) -> None:
    store.screening_lists.take_down(
        screening.id,
        line.row + 1,
        entry.name,
        found.state,
        found.why,
        blind=blind,
        village=found.households[0].village if found.households else entry.village,
        detail=_detail(entry),
        kinds=entry.kinds,
        candidates=[household.id for household in found.households],
    )


def _detail(entry: Entry) -> dict[str, str]:
    """What is sealed."""
    told = {
        "id": entry.shown_id, "phone": entry.shown_phone, "head": entry.head, "group": entry.group, "reason": entry.reason,
    }  # fmt: skip
    return {key: text for key, text in told.items() if text}


def _blind(store: Store, entry: Entry) -> str | None:
    return store.households.blind_id(entry.id_number) if entry.id_number else None
