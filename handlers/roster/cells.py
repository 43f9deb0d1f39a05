"""Cells that say who somebody is, in any table: name, village, ID number, phone, type of household. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Generic

from handlers.files.tables import C, Row, Table, Wrong, plain
from handlers.reading import Unreadable, clean, read_id_number, read_phone
from storage.plan import Plan
from storage.roster import KINDS

LONGEST_NAME, LONGEST_GROUP = 60, 40
"""Characters, as the tables hold them."""

NONE = ("无", "没有", "/", "-", "--", "空")
"""What people write where there is nothing."""

_KINDS = {kind: kind for kind in KINDS} | {
    "一般农户": "一般户", "普通户": "一般户", "普通农户": "一般户", "非脱贫户": "一般户", "非贫困户": "一般户",
    "建档立卡户": "脱贫户", "建档立卡脱贫户": "脱贫户", "稳定脱贫户": "脱贫户", "脱贫人口": "脱贫户",
    "脱贫不稳定": "脱贫不稳定户", "边缘户": "边缘易致贫户", "边缘易致贫": "边缘易致贫户",
    "突发严重困难": "突发严重困难户",
}  # fmt: skip
_COMMITTEE = re.compile(r"(?:村民委员会|村委会)$")
BRACKETED = re.compile(r"\(.*?\)")
_DISABILITY_CARD = re.compile(r"(\d{17}[\dXx])\d{2}(?:[Bb]\d)?")
"""The number of a disability certificate is the ID number, two digits of kind and degree, and B1 and so on when reissued."""
_AS_NUMBER = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d+")
_EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number; what is longer has lost its end."""


class PersonCells(Generic[C]):
    """Reads the cells of one table. Every method raises Wrong for what can't be taken."""

    def __init__(self, table: Table[C], plan: Plan, today: date) -> None:
        """Nobody is born after `today`."""
        self._table = table
        self._plan = plan
        self._today = today
        self._villages: dict[str, str] = {}

    def words(self, row: Row, column: C, most: int, *, needed: bool = False, none: Collection[str] = NONE) -> str:
        """What a cell says, at most so many characters; empty for one of the words in `none`."""
        text = self._table.words(row, column, most, needed=needed)
        if needed and text in none:
            raise Wrong(column, "没有填写")
        return "" if text in none else text

    def name(self, row: Row, column: C, *, needed: bool = False) -> str:
        """A name without the spaces that make two characters as wide as three."""
        return "".join(self.words(row, column, LONGEST_NAME, needed=needed).split())

    def village(self, row: Row, column: C, *, needed: bool = False) -> str:
        """The code of the village; empty where none is written."""
        said = self.words(row, column, LONGEST_NAME, needed=needed)
        if said and said not in self._villages:
            try:
                self._villages[said] = self._plan.village_named(_COMMITTEE.sub("", said)).code
            except KeyError:
                raise Wrong(column, f"方案里没有「{said[:20]}」这个村") from None
        return self._villages[said] if said else ""

    def id_number(self, row: Row, column: C) -> str | None:
        self.refuse_lost_digits(row, column)
        said = self.words(row, column, LONGEST_NAME)
        if not said:
            return None
        card = _DISABILITY_CARD.fullmatch(said)
        return self._read(column, lambda: read_id_number(card[1] if card else said, self._today))

    def phone(self, row: Row, column: C) -> str | None:
        said = self.words(row, column, LONGEST_NAME)
        return self._read(column, lambda: read_phone(said)) if said else None

    def kind(self, row: Row, column: C) -> str:
        """One of KINDS, by any of its usual names; empty where none is written."""
        said = BRACKETED.sub("", self.words(row, column, LONGEST_GROUP)).strip()
        if said and said not in _KINDS:
            raise Wrong(column, f"没有「{said[:20]}」这一类，可以写：{'、'.join(KINDS)}")
        return _KINDS[said] if said else ""

    def refuse_lost_digits(self, row: Row, column: C) -> None:
        cell = self._table.cell(row, column)
        lost = isinstance(cell, int | float) and abs(cell) >= _EXACT
        if lost or _AS_NUMBER.fullmatch(clean(plain(cell))):
            raise Wrong(column, "存成了数字，末几位已丢失。请先把这一列设成文本，再重新填写")

    @staticmethod
    def _read(column: C, read: Callable[[], str]) -> str:
        try:
            return read()
        except Unreadable as error:
            raise Wrong(column, str(error).partition("，请")[0]) from None
