"""`cunbao import-problems`: a ledger of problems from a spreadsheet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.imports.reading import read_import
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.files.ask import result_name
from handlers.files.reader import FROM_THE_OPERATOR, read_table
from handlers.problems.importing import import_problems
from handlers.problems.rows import PROBLEM_LEDGER
from handlers.reading import Unreadable
from storage.database.transaction import transaction
from storage.roster import load_roster
from storage.store import Store

_SHOWN = 20


@click.command("import-problems")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def command(ctx: click.Context, file: Path) -> None:
    """导入问题台账（.xlsx 或 .csv）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。"""
    if not asyncio.run(_import(load_settings(), file, file.read_bytes())):
        ctx.exit(1)


async def _import(settings: Settings, file: Path, content: bytes) -> bool:
    now = system_clock()
    async with open_installation(settings, tell) as installation:
        try:
            table = await read_import(read_table, content, file.name, layout=PROBLEM_LEDGER, limits=FROM_THE_OPERATOR)
        except Unreadable as error:
            click.echo(f"✗ {error}", err=True)
            return False
        async with transaction(installation.database, now) as tx:
            await installation.database.alone(tx.conn, "import-problems")
            roster = await load_roster(tx.conn, tx.damage)
            async with tx.session("operator", "import-problems") as session:
                report = await import_problems(Store(session), installation.world.plan, roster=roster, table=table, now=now)
    result = file.with_name(result_name(file.name, "导入结果"))
    await asyncio.to_thread(result.write_bytes, report.result_bytes)
    for wrong in report.errors[:_SHOWN]:
        click.echo(f"✗ {wrong}")
    click.echo(f"已导入 {report.imported} 条，已有跳过 {report.skipped} 条，有误 {len(report.errors)} 条。逐行结果：{result}")
    return not report.errors
