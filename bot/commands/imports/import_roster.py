"""`cunbao import-roster`: the households of a town from a spreadsheet, a row a person."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.imports.reading import read_import
from bot.delivery.caches import Caches
from bot.service.clock import system_clock
from bot.setup.installation import open_installation, open_plan
from bot.setup.settings import Settings, load_settings
from handlers.files.ask import result_name
from handlers.reading import Unreadable
from handlers.roster.importing import import_roster, read_roster, template
from storage.database.transaction import transaction
from storage.store import Store

_SHOWN = 20


class _Preview(Exception):
    """Undoes what a preview has done."""


@click.command("import-roster")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--template", "form", type=click.Path(dir_okay=False, path_type=Path), help="写一个空白模板（.xlsx）。")
@click.option("--preview", is_flag=True, help="只看会怎样，不导入。")
@click.pass_context
def command(ctx: click.Context, file: Path | None, form: Path | None, *, preview: bool) -> None:
    """导入农户名册（.xlsx 或 .csv，一人一行）；每行结果写到旁边的“…-导入结果.xlsx”，有误时退出码为 1。

    再导入时：有变化的更新，没写的不动，名册里有而文件里没有的人也不动。
    """
    if (file is None) == (form is None):
        raise click.UsageError("请写名册文件，或用 --template 要一个空白模板。")
    settings = load_settings()
    if form is not None:
        form.write_bytes(template(open_plan(settings)))
        click.echo(f"空白模板：{form}")
    elif file is not None and not asyncio.run(_import(settings, file, file.read_bytes(), preview=preview)):
        ctx.exit(1)


async def _import(settings: Settings, file: Path, content: bytes, *, preview: bool) -> bool:
    now = system_clock()
    async with open_installation(settings, tell) as installation:
        world = installation.world
        try:
            lines = await read_import(read_roster, content, file.name, plan=world.plan, today=now.date())
        except Unreadable as error:
            click.echo(f"✗ {error}", err=True)
            return False
        async with transaction(installation.database, now) as tx:
            await installation.database.alone(tx.conn, "import-roster")
            await Caches(world).refresh_in(tx)
            with contextlib.suppress(_Preview):
                async with tx.session("operator", "import-roster") as session:
                    report = await import_roster(Store(session), world.roster, directory=world.directory, read=lines)
                    if preview:
                        raise _Preview
    result = file.with_name(result_name(file.name, "导入结果"))
    await asyncio.to_thread(lambda: result.write_bytes(report.as_sheet()))
    for wrong in report.errors[:_SHOWN]:
        click.echo(f"✗ {wrong}")
    click.echo(
        f"{'（没有导入，只看结果）' if preview else ''}新增 {report.imported} 人（新户 {report.households} 户），"
        f"更新 {report.updated} 行，不变 {report.unchanged} 行，有误 {len(report.errors)} 行。逐行结果：{result}"
    )
    return not report.errors
