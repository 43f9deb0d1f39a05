"""Full text of Chinese, alike on both databases: single characters are the words, so a phrase of two is found exactly.

Neither database can tell where a Chinese word ends. So each character is a word of its own and what is looked for is
phrases; Latin letters and digits stay together. Both get their words ready-made (SQLite's `ascii` tokenizer splits at
blanks alone, PostgreSQL's tsvector is written out), so no locale and no version of Unicode makes a difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

INDEX = "passage_words"
"""The name of the index, and on SQLite what the names of the tables that make it up begin with."""

BREAK = "。"
"""Stands for any punctuation, so that no phrase reaches over it."""

Phrase = tuple[str, ...]

_WITHIN_NUMBER = re.compile(r"(?<=\d)[.,](?=\d)")
_PARTS = re.compile(r"[a-z0-9]{1,40}|\w|[^\w\s]|\n")

CREATE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE passage_words USING fts5(words, content='passages', content_rowid='id', tokenize='ascii')",
        "CREATE TRIGGER passage_words_in AFTER INSERT ON passages BEGIN"
        " INSERT INTO passage_words(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER passage_words_out AFTER DELETE ON passages BEGIN"
        " INSERT INTO passage_words(passage_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    ),
    "postgresql": ("CREATE INDEX passage_words ON passages USING gin (words)",),
}
"""What makes the index, after the table. Passages are written and removed, never changed."""

FIND = {
    "sqlite": """
        SELECT passages.id FROM passage_words JOIN passages ON passages.id = passage_words.rowid
        JOIN policies ON policies.id = passages.policy_id
        WHERE passage_words MATCH :phrases AND (policies.for_all OR NOT :for_all) AND policies.region IN :regions
        ORDER BY passage_words.rank LIMIT :most""",
    "postgresql": """
        SELECT passages.id FROM passages JOIN policies ON policies.id = passages.policy_id
        WHERE passages.words @@ CAST(:phrases AS tsquery)
        AND (policies.for_all OR NOT :for_all) AND policies.region IN :regions
        ORDER BY ts_rank(passages.words, CAST(:phrases AS tsquery)) DESC, passages.id LIMIT :most""",
}


def tokens(text: str) -> list[str]:
    """The words of a text: full-width letters and digits folded, capitals made small, each other character by itself."""
    found: list[str] = []
    for part in _PARTS.findall(_WITHIN_NUMBER.sub(" ", unicodedata.normalize("NFKC", text).casefold())):
        if part.isalnum():
            found.append(part)
        elif found and found[-1] != BREAK:
            found.append(BREAK)
    return found


class IndexedWords(sa.TypeDecorator[Sequence[str]]):
    """The words of a text, in their order."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(postgresql.TSVECTOR() if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: sa.Dialect) -> str | None:
        if value is None or dialect.name == "sqlite":
            return None if value is None else " ".join(value)
        return " ".join(f"'{word}':{place}" for place, word in enumerate(value, 1))


class AnyPhrase(sa.TypeDecorator[Sequence[Phrase]]):
    """What is looked for: one phrase at least of several. Made of `tokens`, so nothing in it is an operator or a quote."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(postgresql.TSQUERY() if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Sequence[Phrase] | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return " OR ".join('"' + " ".join(phrase) + '"' for phrase in value)
        return " | ".join("('" + "' <-> '".join(phrase) + "')" for phrase in value)


def create_with(table: sa.Table) -> None:
    """Make the index whenever `table` is made."""
    for dialect, statements in CREATE.items():
        for statement in statements:
            ddl = sa.DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy has not annotated it
            sa.event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def is_compared(name: str | None, kind: str, _: Any) -> bool:
    """Whether a comparison of tables should look at this; the index has no counterpart among the tables in the code."""
    return kind not in ("table", "index") or not (name or "").startswith(INDEX)
