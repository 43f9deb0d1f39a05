"""`cunbao recount`: count anew what the overview shows, and mend what differs."""

from __future__ import annotations

import asyncio

import click

from bot.setup.installation import open_kept
from bot.setup.settings import Settings, load_settings
from storage.reports.recount import rebuild


@click.command("recount")
@click.pass_context
def command(ctx: click.Context) -> None:
    """重新清点全镇情况里的各项数字；有出入就改正，并以退出码 1 告知。"""
    if asyncio.run(_recount(load_settings())):
        ctx.exit(1)


async def _recount(settings: Settings) -> int:
    async with open_kept(settings) as database, database.write() as conn:
        wrong = await rebuild(conn)
    for (key, region), by in sorted(wrong.items()):
        click.echo(f"✗ {key} {region} 差 {by:+d}，已改正")
    click.echo(f"清点完毕，{len(wrong)} 处有出入。")
    return len(wrong)
