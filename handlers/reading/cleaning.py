"""The first thing done to every text: one spelling for each character, and nothing invisible. Pure."""

from __future__ import annotations

import re
import unicodedata

# Controls (NUL), format characters (bidi overrides, zero-width), and halves of surrogates, which no database stores.
_INVISIBLE = {"Cc", "Cf", "Cs"}
_ZWJ = "\u200d"
_EMOJI = "\u2300-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINS_EMOJI = re.compile(f"(?<=[{_EMOJI}]){_ZWJ}(?=[{_EMOJI}])")
_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n[ \n]*")
_EDGE_PUNCTUATION = " 。.,、;:!?~…\n"


def clean(text: str) -> str:
    """Return `text` in NFKC (full-width digits and letters become plain), without invisible characters.

    Line breaks stay, runs of spaces and of empty lines become one, and emoji are kept whole.
    """
    return tidy(unicodedata.normalize("NFKC", text))


def tidy(text: str) -> str:
    """Return `text` as it was said, Chinese punctuation and all, without invisible characters and stray spaces."""
    if text.isprintable() and "  " not in text:  # nearly always: no line breaks, nothing to take out
        return text.strip()
    text = _visible(_LINE_BREAK.sub("\n", text).replace("\t", " "))
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def compact(text: str) -> str:
    """Return the cleaned text in lower case without any space and without punctuation around it, for comparing."""
    return re.sub(r"\s+", "", clean(text)).casefold().strip(_EDGE_PUNCTUATION)


def shortened(text: str, most: int = 12) -> str:
    """Return the text in one line of at most `most` characters, with … where some are left out."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    kept = {found.start() for found in _JOINS_EMOJI.finditer(text)}
    return "".join(
        char for place, char in enumerate(text) if char == "\n" or place in kept or unicodedata.category(char) not in _INVISIBLE
    )
