"""`cunbao upgrade`: the tables of an earlier version are brought up to date."""

from __future__ import annotations

import asyncio

import click

from bot.commands.upkeep.check import report
from bot.service.clock import system_clock
from bot.setup.installation import lock_data_folder
from bot.setup.settings import Settings, load_settings
from bot.upkeep.upgrade import upgrade


@click.command("upgrade")
@click.pass_context
def command(ctx: click.Context) -> None:
    """装了新版本以后：先备份，再升级数据表，再检查。请先停下服务。"""
    settings = load_settings()
    with lock_data_folder(settings):
        if not asyncio.run(_upgrade(settings)):
            ctx.exit(1)


async def _upgrade(settings: Settings) -> bool:
    if not await upgrade(settings, system_clock(), click.echo):
        click.echo("数据表已是这个版本的，不用升级。")
    click.echo("下面检查：")
    return await report(settings)
