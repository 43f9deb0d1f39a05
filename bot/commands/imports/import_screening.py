"""`cunbao import-screening`: a unit's screening list from a spreadsheet, handed in for somebody in office."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.imports.reading import read_import
from bot.delivery.caches import Caches
from bot.service.clock import system_clock
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings, load_settings
from handlers.engine.jobs import Transactions
from handlers.files.spreadsheets import XLSX
from handlers.reading import Unreadable
from handlers.screening.job import all_lines, work
from handlers.screening.news import counted
from handlers.screening.reading import read_list
from handlers.screening.rights import acting_post
from handlers.screening.sheet import sheet_name, write_list
from storage.database.transaction import reading_first, transaction
from storage.people.persons import Person, Role
from storage.plan import Plan
from storage.screening.records import AT_WORK, RowState, ScreeningList
from storage.store import Store

_SHOWN = 20
_NOT_TAKEN = (RowState.UNKNOWN, RowState.WRONG)


@click.command("import-screening")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", required=True, help="替谁导入：在岗的站所或镇里人员姓名。")
@click.option("--kind", "kinds", multiple=True, help="看不出原因的行按哪类风险算，如 医疗；可写多次。")
@click.pass_context
def command(ctx: click.Context, file: Path, name: str, kinds: tuple[str, ...]) -> None:
    """导入部门筛查名单（.xlsx 或 .csv）；每行结果写到旁边的“…-筛查结果.xlsx”，有没导入的行时退出码为 1。"""
    if not asyncio.run(_import(load_settings(), file, file.read_bytes(), name, kinds)):
        ctx.exit(1)


async def _import(settings: Settings, file: Path, content: bytes, name: str, kinds: tuple[str, ...]) -> bool:
    async with open_installation(settings, tell) as installation:
        codes = [_risk(installation.world.plan, kind) for kind in kinds]
        try:
            await read_import(read_list, content, file.name, plan=installation.world.plan, today=system_clock().date())
        except Unreadable as error:
            click.echo(f"✗ {error}", err=True)
            return False
        async with reading_first(installation.database, system_clock()) as tx:
            await Caches(installation.world).refresh_in(tx)
        screening = await _hand_in(installation, file, content, _sender(installation, name), codes)
        if screening is None:
            click.echo("这份名单已经交过，不会重复导入。")
            return True
        return await _run(installation, file, screening)


def _risk(plan: Plan, said: str) -> str:
    code = next((kind.code for kind in plan.risk_kinds if said in (kind.code, kind.label)), None)
    if code is None:
        known = "、".join(kind.label for kind in plan.risk_kinds)
        raise click.UsageError(f"方案里没有“{said}”这类风险。有：{known}")
    return code


def _sender(installation: Installation, name: str) -> Person:
    found = [one.person for one in installation.world.directory.officials if one.person.name == name]
    found = [person for person in found if person.has(Role.UNIT, Role.TOWN)]
    if len(found) != 1:
        trouble = "不止一位" if found else "没有"
        raise click.UsageError(f"在岗的站所和镇里人员中，叫“{name}”的{trouble}。")
    return found[0]


async def _hand_in(
    installation: Installation, file: Path, content: bytes, sender: Person, kinds: list[str]
) -> ScreeningList | None:
    """Store the list and return it; None when exactly this file was handed in before and is done."""
    sha256 = await asyncio.to_thread(installation.world.media.write, content)
    post = acting_post(sender)
    async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "import-screening") as session:
        store = Store(session)
        known = await store.screening_lists.of_content(sha256)
        if known is not None:
            return known if known.state in AT_WORK else None
        if post is None:
            return None
        store.media.keep(sha256, len(content), content_type=XLSX)
        return store.screening_lists.hand_in(
            sha256, file.name, sender_id=sender.id, region=post.region, unit=post.unit, kinds=kinds, confirmed=True
        )


async def _run(installation: Installation, file: Path, screening: ScreeningList) -> bool:
    """Import the list and return whether every row was taken. A service that runs beside this command does part of it."""
    transactions = Transactions(installation.database, system_clock)
    while screening.state in AT_WORK:
        await work(transactions, installation.world)
        async with transactions.writing() as tx, tx.session() as session:
            found = await Store(session).screening_lists.get(screening.id)
        if found is None:
            click.echo("这份名单刚被撤回，没有导入。", err=True)
            return False
        screening = found
    lines = await all_lines(transactions, screening)
    result = file.with_name(sheet_name(screening))
    await asyncio.to_thread(lambda: result.write_bytes(write_list(installation.world.plan, screening, lines=lines)))
    left = [line.row for line in lines if line.row.state in _NOT_TAKEN]
    for row in left[:_SHOWN]:
        click.echo(f"✗ 第 {row.row_no} 行 {row.why}")
    click.echo(f"{counted(Counter(line.row.state for line in lines))}。逐行结果：{result}")
    if len(left) == len(lines):  # nothing came of it, so the same file may come again
        async with transactions.writing() as tx, tx.session("operator", "import-screening") as session:
            await Store(session).screening_lists.drop(screening)
    return not left
