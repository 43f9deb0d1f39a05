"""`cunbao summary`: the month of a region as .docx."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.regions import region_named
from bot.service.clock import system_clock
from bot.setup.opening import opened
from bot.setup.settings import Settings, load_settings
from handlers.reading import Unreadable
from handlers.reports.month_figures import summary_of
from handlers.reports.month_file import as_docx
from handlers.reports.month_words import Summary, month_named, title_of
from storage.database.transaction import reading_first
from storage.roster import load_roster
from storage.store import Store


@click.command("summary")
@click.option("--month", help="哪个月，如 2022-10。不写就是本月到今天。")
@click.option("--region", help="哪个村、镇或市：名称或代码。不写就是全镇。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件。不写就放在当前目录。")
def command(month: str | None, region: str | None, out: Path | None) -> None:
    """按系统里的数字写一页月报(.docx)，可在 Word 里改。"""
    summary = asyncio.run(_gather(load_settings(), month or "", region or ""))
    out = out or Path(f"{title_of(summary)}.docx")
    out.write_bytes(as_docx(summary))
    click.echo(f"月报：{out}")


async def _gather(settings: Settings, month: str, region: str) -> Summary:
    now = system_clock()
    try:
        wanted = month_named(month or f"{now:%Y-%m}", now.date())
    except Unreadable as error:
        raise click.UsageError(str(error)) from None
    async with opened(settings, tell) as house, reading_first(house.database, now) as tx:
        plan = house.world.plan
        code = region_named(plan, region) if region else plan.town.code
        world = replace(house.world, roster=await load_roster(tx.conn))
        async with tx.session("operator", "summary") as session:
            return await summary_of(Store(session), world, code, wanted, now)
