"""What may be shown of a sensitive number or name. Masking what is masked changes nothing."""

from __future__ import annotations

import re

_KEPT = 4
# Every mask hides at least this many characters in one run; by that a masked tail is told from a fresh number.
_HIDDEN = 4


def mask_id(number: str) -> str:
    """Keep the first four characters (province and prefecture) and the last four."""
    if len(number) < 2 * _KEPT + _HIDDEN:
        return "*" * len(number)
    return number[:_KEPT] + "*" * (len(number) - 2 * _KEPT) + number[-_KEPT:]


def mask_phone(number: str) -> str:
    """Keep 3 + 4 digits of a mobile number; of a landline written with a dash, the area code and the last four."""
    area, _, local = number.partition("-")
    if len(area) <= 4 and len(local) >= 7:
        return f"{area}-{'*' * _HIDDEN}{local[-_KEPT:]}"
    if len(number) < 3 + 2 * _KEPT:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 3 - _KEPT) + number[-_KEPT:]


def mask_bank(number: str) -> str:
    """Keep only the last four digits of an account."""
    if len(number) < _KEPT + _HIDDEN:
        return "*" * len(number)
    return "*" * (len(number) - _KEPT) + number[-_KEPT:]


_PLAIN = str.maketrans("０１２３４５６７８９Ｘｘ＋－　", "0123456789Xx+- ")
# A masked number keeps its ends beside its stars: they begin no new number.
_SENSITIVE = re.compile(
    r"""
      (?<!\d) (?P<id> \d{17}[\dXx] ) (?!\d)
    | (?<!\d) (?P<mobile> (?: \+?86[\ -]? | 0 )? (?P<mobile_digits> 1[3-9]\d[\ -]?\d{4}[\ -]?\d{4} ) ) (?!\d)
    | (?<!\d) (?<!\*{4}) (?P<landline> (?: 0(?:10|2\d)[\ -]?\d{8} | 0[3-9]\d\d[\ -]?\d{7,8} ) ) (?!\d)
    | (?P<account> \d{14,} )
    | (?<!\d) (?<!\*{4}) (?P<grouped> \d{3,8} (?: [\ -]\d{3,8} )+ [Xx]? ) (?!\d|\*{4})
    | (?P<spoken> [〇零一二三四五六七八九幺] (?: [\ -]?[〇零一二三四五六七八九幺] ){10,} )
    """,
    re.VERBOSE,
)
_SHORTEST_ACCOUNT = 14


def mask_text(text: str) -> str:
    """Mask every ID number, telephone number and long run of digits (an account) in free text.

    Full-width digits come out plain. Rather too much is masked than too little: numbers with only a space between them
    may be masked as one.
    """
    return _SENSITIVE.sub(_masked, text.translate(_PLAIN))


def _masked(found: re.Match[str]) -> str:
    whole = found[0]
    digits = re.sub(r"[ -]", "", whole)
    match found.lastgroup:
        case "id":
            return mask_id(whole)
        case "mobile":
            return mask_phone(re.sub(r"[ -]", "", found["mobile_digits"]))
        case "landline":
            return mask_phone(whole if "-" in whole else digits)
        case "grouped" if len(digits) < _SHORTEST_ACCOUNT:
            return whole
        case "grouped" if len(digits) == 18:
            return mask_id(digits)
        case _:
            return mask_bank(digits)
