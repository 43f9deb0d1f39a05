"""`cunbao restore`: put a backup back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.upkeep.check import report
from bot.service.clock import system_clock
from bot.setup.installation import lock_data_folder, make_folder, open_database, open_vault
from bot.setup.settings import Settings, load_settings
from bot.upkeep import backup
from bot.upkeep.upgrade import migrate_kept
from storage.plan import builtin_plans


@click.command("restore")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="替换已有数据（旧数据移到 before-restore-… 目录）。")
@click.pass_context
def command(ctx: click.Context, archive: Path, *, force: bool) -> None:
    """恢复备份，先核对再动数据，恢复后全面检查。请先停下服务。"""
    settings = load_settings()
    with lock_data_folder(settings):
        if not asyncio.run(_restore(settings, archive, force=force)):
            ctx.exit(1)


async def _restore(settings: Settings, archive: Path, *, force: bool) -> bool:
    make_folder(settings.data_dir)
    manifest = await backup.restore(archive, settings, system_clock(), force=force)
    click.echo(f"已恢复 {manifest.made_at:%Y-%m-%d %H:%M} 的备份。")
    _tell_plan(settings, manifest.plan)
    click.echo("下面检查：")
    database = open_database(settings, open_vault(settings, tell))
    try:
        await migrate_kept(database, f"备份还在 {archive}。")  # brings an older backup's tables up to date
    finally:
        await database.close()
    return await report(settings)


def _tell_plan(settings: Settings, name: str) -> None:
    """Say where the plan of the archive is, if that is not the one in use: settings are not in an archive."""
    plan = settings.data_dir / backup.PLAN
    if name not in builtin_plans() and Path(settings.plan).resolve() != plan.resolve():
        click.echo(f"备份里的方案放在 {plan}，现在用的却是 {settings.plan}。要用备份里的，请设 CUNBAO_PLAN={plan}。")
