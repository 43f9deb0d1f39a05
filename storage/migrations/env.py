"""Run by Alembic for every command. `storage.migrations.migrate` hands over the open connection; there is no other way in."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from storage.database.base import Moment, Sealed
from storage.database.tables import all_tables
from storage.handbook.index import IndexedWords, is_compared


def _render(kind: str, thing: Any, to: Any) -> str | Literal[False]:
    """Steps name no type of ours, so that a later change of `Moment` cannot change an old step."""
    if kind == "type" and isinstance(thing, IndexedWords):
        to.imports.add("from sqlalchemy.dialects import postgresql")
        return "sa.Text().with_variant(postgresql.TSVECTOR(), 'postgresql')"
    if kind == "type" and isinstance(thing, Sealed):
        return "sa.LargeBinary()"
    return "sa.BigInteger()" if kind == "type" and isinstance(thing, Moment) else False


connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    render_as_batch=True,  # SQLite alters a table by making it anew
    render_item=_render,
    include_name=is_compared,
)
with context.begin_transaction():
    context.run_migrations()
