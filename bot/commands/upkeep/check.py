"""`cunbao check`: is everything as it should be."""

from __future__ import annotations

import asyncio

import click

from bot.service.clock import system_clock
from bot.setup.settings import Settings, load_settings
from bot.upkeep.checks import check


@click.command("check")
@click.pass_context
def command(ctx: click.Context) -> None:
    """检查设置、方案、数据库、审计链、照片和时钟；有问题时退出码为 1。"""
    if not asyncio.run(report(load_settings())):
        ctx.exit(1)


async def report(settings: Settings) -> bool:
    """Print a line for each finding; returns whether all is well."""
    well = True
    async for finding in check(settings, system_clock()):
        well &= finding.ok
        click.echo(f"{'✓' if finding.ok else '✗'} {finding.what}")
        if finding.advice:
            click.echo(f"  → {finding.advice}")
    return well
