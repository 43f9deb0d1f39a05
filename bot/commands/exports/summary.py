"""`cunbao summary`: the month of a region as .docx."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.regions import region_named
from bot.delivery.caches import Caches
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.reading import Unreadable
from handlers.reports.month_figures import summary_of
from handlers.reports.month_file import as_docx
from handlers.reports.month_text import Summary, month_named, title_of
from storage.database.transaction import reading_first
from storage.store import Store


@click.command("summary")
@click.option("--month", help="哪个月，如 2022-10。不写就是本月到今天。")
@click.option("--region", help="哪个村、镇或市：名称或代码。不写就是全镇。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件。不写就放在当前目录。")
def command(month: str | None, region: str | None, out: Path | None) -> None:
    """按系统里的数字写一页月报（.docx），可在 Word 里改。"""
    summary = asyncio.run(_gather(load_settings(), month or "", region))
    out = out or Path(f"{title_of(summary)}.docx")
    out.write_bytes(as_docx(summary))
    click.echo(f"月报：{out}")


async def _gather(settings: Settings, month: str, region: str | None) -> Summary:
    now = system_clock()
    try:
        wanted = month_named(month or f"{now:%Y-%m}", now.date())
    except Unreadable as error:
        raise click.UsageError(str(error)) from None
    async with open_installation(settings, tell) as installation, reading_first(installation.database, now) as tx:
        world = installation.world
        code = region_named(world.plan, region)
        await Caches(world).refresh_in(tx)
        async with tx.session("operator", "summary") as session:
            return await summary_of(Store(session), world, region=code, month=wanted, now=now)
