"""The audit chain: who changed what, each row signed over the one before, so a removed or altered row is found.

Of most tables each change leaves a row with a hash of what was changed. Of those that are written by the thousand (`SUMMED`) a
transaction leaves one: the sum of the keyed hashes of all rows that came, less those that went. Over the whole chain these add
up to the sum over the rows that are there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.base import DAMAGED, SUMMED, Moment, Record, metadata, sealed_columns, to_ms
from storage.database.sealing import SealError, Vault
from storage.database.tables import all_tables

log = logging.getLogger(__name__)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("request", sa.String(120), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False, index=True),
    sa.Column("before", sa.String(64)),
    sa.Column("after", sa.String(64)),
    sa.Column("note", sa.String(300)),
    sa.Column("chain", sa.String(64), nullable=False),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
)

START = "0" * 64
_PAGE = 5000
_AT_ONCE = 500
_APPEND = audit.insert()
_HEAD = sa.select(audit_head.c.seq, audit_head.c.chain).where(audit_head.c.id == 1).with_for_update(key_share=True)
_LAST = sa.select(audit.c.seq, audit.c.chain).order_by(audit.c.seq.desc()).limit(1)
_SET_HEAD = audit_head.update().where(audit_head.c.id == 1).values(seq=sa.bindparam("new_seq"), chain=sa.bindparam("new_chain"))


class AuditEntry(Record):
    """One change: hashes of the row before and after, or an event (such as an export) with a note."""

    at: datetime
    actor: str
    request: str
    action: str
    subject: str
    before: str | None = None
    after: str | None = None
    note: str | None = None


class Fault(Record):
    """Where the chain, or a row it vouches for, does not hold."""

    where: str
    what: str


class Head(Record):
    """How far the chain has got: the number of its last row, and that row's signature."""

    seq: int
    chain: str


Digest = Callable[[Vault, sa.Table, Mapping[Any, Any]], str | None]

_MODULUS = 1 << 256


def is_covered(table: sa.Table) -> bool:
    return bool(table.info.get("audited"))


def is_summed(table: sa.Table) -> bool:
    """Whether the chain holds the sum of the table's rows, and not each."""
    return bool(table.info.get("audited") == SUMMED["audited"])


def row_hash(vault: Vault, table: sa.Table, row: Mapping[Any, Any]) -> str | None:
    """A digest of the plain values of a row, alike on every database and under every sealing key; None where it says
    nothing that the chain covers.

    Of a table with sealed columns it is keyed: from the digest alone nobody shall guess a phone number. Raises SealError.
    """
    if columns := table.info.get("covered"):
        keys = table.primary_key.columns.keys()
        row = {name: row[name] for name in columns}
        if not any(value for name, value in row.items() if name not in keys):
            return None
    if not sealed_columns(table):
        return stored_hash(vault, table, row)
    sealed = [name for name in sealed_columns(table) if row[name] is not None]
    return vault.sign(b"row" + _text({**row, **{name: vault.open_cell(table.c[name], row) for name in sealed}}))


def shift(vault: Vault, table: sa.Table, *, came: Iterable[Mapping[Any, Any]], went: Iterable[Mapping[Any, Any]]) -> str:
    """By how much the sum over a `SUMMED` table changes with these whole rows."""
    return _hex(sum(_weight(vault, table, row) for row in came) - sum(_weight(vault, table, row) for row in went))


def _weight(vault: Vault, table: sa.Table, row: Mapping[Any, Any]) -> int:
    """Keyed: whoever could compute it would find other rows of the same sum. The tables have no sealed columns."""
    values = [row[name] for name in _names(table)]
    plain = [to_ms(value) if isinstance(value, datetime) else value for value in values]
    return int(vault.sign(f"sum {table.name} ".encode() + to_json(plain)), 16)


@functools.cache
def _names(table: sa.Table) -> list[str]:
    """The columns in an order that does not hang on how a database came to have them."""
    return sorted(table.c.keys())


def _hex(value: int) -> str:
    return f"{value % _MODULUS:064x}"


def sum_of(table: sa.Table) -> str:
    """How the chain names the sum over a table."""
    return f"{table.name}:*"


def stored_hash(_: Vault, __: sa.Table, row: Mapping[Any, Any]) -> str:
    """A digest of a row's values as they are stored; the chain held it for all tables before sealing keys had numbers."""
    return hashlib.sha256(_text(row)).hexdigest()


def _text(row: Mapping[Any, Any]) -> bytes:
    return json.dumps(dict(row), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return to_ms(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _link(vault: Vault, previous: str, seq: int, entry: AuditEntry) -> str:
    fields = [previous, seq, to_ms(entry.at), entry.actor, entry.request, entry.action]
    fields += [entry.subject, entry.before, entry.after, entry.note]
    return vault.sign(json.dumps(fields, ensure_ascii=False).encode())


async def append(conn: AsyncConnection, vault: Vault, entries: list[AuditEntry]) -> None:
    """Add entries to the chain, in order, inside the caller's transaction."""
    if not entries:
        return
    seq, chain = await _end(conn)
    rows = []
    for entry in entries:
        seq += 1
        chain = _link(vault, chain, seq, entry)
        rows.append({**entry.__dict__, "seq": seq, "chain": chain})
    await conn.execute(_APPEND, rows)
    await conn.execute(_SET_HEAD, {"new_seq": seq, "new_chain": chain})


async def _end(conn: AsyncConnection) -> tuple[int, str]:
    """Where the chain goes on: at its head, or behind its last row where the head is lost, damaged, or has been put back.

    Else a single row would keep everybody from writing anything.
    """
    head = (await conn.execute(_HEAD)).one_or_none()
    last = (await conn.execute(_LAST)).one_or_none()
    seq, chain = last or (0, START)
    if head is None:
        await conn.execute(audit_head.insert(), {"id": 1, "seq": seq, "chain": chain})
    elif isinstance(head.seq, int) and isinstance(head.chain, str) and head.chain != DAMAGED and head.seq >= seq:
        return head.seq, head.chain
    if last or head:
        log.error("the head of the audit chain does not fit: it goes on behind its last row, %s", seq)
    return seq, chain


async def head(conn: AsyncConnection) -> Head | None:
    """How far the chain has got; None before anything was changed."""
    last = (await conn.execute(_LAST)).one_or_none()
    return Head(seq=last.seq, chain=last.chain) if last else None


async def links(conn: AsyncConnection, numbers: Collection[int]) -> dict[int, str]:
    """The signatures of the chain's rows of these numbers, of those that are there."""
    found: dict[int, str] = {}
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(audit.c.seq, audit.c.chain).where(audit.c.seq.in_(wanted[start : start + _AT_ONCE]))
        found |= {row.seq: row.chain for row in await conn.execute(query)}
    return found


async def verify(
    conn: AsyncConnection, vault: Vault, tables: Iterable[sa.Table] | None = None, digest: Digest = row_hash
) -> list[Fault]:
    """Walk the whole chain and compare every audited row with the last hash the chain holds for it.

    `tables` are the audited ones, and `digest` their hash, where it is not all of them as this version has them.
    """
    if tables is None:
        tables = [table for table in all_tables().sorted_tables if is_covered(table)]
    faults: list[Fault] = []
    latest: dict[str, str | None] = {}
    sums: dict[str, int] = defaultdict(int)
    chain, expected = START, 1
    async for row in _pages(conn, audit):
        if row.seq != expected:
            faults.append(Fault(where=f"audit {expected}", what=f"第 {expected} 至 {row.seq - 1} 条审计记录缺失"))
        expected = row.seq + 1
        try:
            entry = AuditEntry.from_row(row)
        except ValueError:
            faults.append(Fault(where=f"audit {row.seq}", what=f"第 {row.seq} 条审计记录读不了"))
            chain = row.chain
            continue
        chain = _link(vault, chain, row.seq, entry)
        if row.chain != chain:
            faults.append(Fault(where=f"audit {row.seq}", what=f"第 {row.seq} 条审计记录与链不符，可能被改动"))
            chain = row.chain
        if entry.subject.endswith(":*") and entry.after:
            sums[entry.subject] += int(entry.after, 16)
        elif entry.before or entry.after:
            latest[entry.subject] = entry.after
    end = (await conn.execute(sa.select(audit_head.c.seq, audit_head.c.chain))).one_or_none()
    if (end or (0, START)) != (expected - 1, chain):
        faults.append(Fault(where="audit_head", what="审计链尾与记录不符，末尾的记录可能被删除"))
    for table in tables:
        if is_summed(table):
            if _hex(sums[sum_of(table)]) != await _sum(conn, vault, table):
                faults.append(Fault(where=table.name, what="记录合起来与审计链不符，有的可能被绕过系统改动、添加或删除"))
        else:
            faults += await _verify_rows(conn, vault, table, latest, digest)
    faults += [
        Fault(where=subject, what="记录已不在数据库中，审计链里没有删除它的记录") for subject, after in latest.items() if after
    ]
    return faults


async def rebase(conn: AsyncConnection, vault: Vault, table: sa.Table, *, now: datetime, without: Collection[str]) -> None:
    """After a migration that changed what an audited table's rows are hashed over, chain each of its rows as it is now.

    `without` are the subjects that did not hold before: left as they are, they stay faults.
    """
    entries = []
    action = f"{table.name}.migrate"
    if is_summed(table):
        if table.name not in without:
            earlier = sa.select(audit.c.after).where(audit.c.subject == sum_of(table))
            before = sum(int(after, 16) for after in (await conn.execute(earlier)).scalars())
            by = _hex(int(await _sum(conn, vault, table), 16) - before)
            what = {"action": action, "subject": sum_of(table), "after": by}
            await append(conn, vault, [AuditEntry(at=now, actor="system", request="migration", **what)])
        return
    async for row in _pages(conn, table):
        subject = subject_of(table, row._mapping)
        try:
            after = None if subject in without else row_hash(vault, table, row._mapping)
        except SealError:  # nothing vouches for what cannot be opened; `verify` names it
            after = None
        if after is not None:
            entries.append(AuditEntry(at=now, actor="system", request="migration", action=action, subject=subject, after=after))
    await append(conn, vault, entries)


async def _sum(conn: AsyncConnection, vault: Vault, table: sa.Table) -> str:
    total = 0
    async for row in _pages(conn, table):
        total += _weight(vault, table, row._mapping)
    return _hex(total)


async def _verify_rows(
    conn: AsyncConnection, vault: Vault, table: sa.Table, latest: dict[str, str | None], digest: Digest
) -> list[Fault]:
    """Take each row of `table` out of `latest`; what stays there afterwards is missing from the database."""
    faults = []
    async for row in _pages(conn, table):
        subject = subject_of(table, row._mapping)
        known = latest.pop(subject, None)
        try:
            if known != digest(vault, table, row._mapping):
                faults.append(Fault(where=subject, what="记录与审计链中的最后一次修改不符，可能被绕过系统改动"))
        except SealError as error:
            faults.append(Fault(where=subject, what=str(error)))
    return faults


async def _pages(conn: AsyncConnection, table: sa.Table) -> AsyncIterator[sa.Row[Any]]:
    """All rows of a table in the order of its key, without holding them all in memory."""
    keys = list(table.primary_key)
    page = sa.select(table).order_by(*keys).limit(_PAGE)
    rows: Sequence[sa.Row[Any]] = (await conn.execute(page)).all()
    while rows:
        for row in rows:
            yield row
        last = [sa.literal(rows[-1]._mapping[key], key.type) for key in keys]
        rows = (await conn.execute(page.where(sa.tuple_(*keys) > sa.tuple_(*last)))).all()


def subject_of(table: sa.Table, row: Mapping[Any, Any]) -> str:
    """How the chain names a row: table and primary key."""
    return f"{table.name}:{'/'.join(str(row[column.name]) for column in table.primary_key)}"
