"""`cunbao map`: the wall charts as PNG files, to print on A3."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.regions import region_named
from bot.service.clock import system_clock
from bot.setup.opening import opened
from bot.setup.settings import Settings, load_settings
from handlers.charts.figures import Figures
from handlers.charts.gathering import gather, gather_gantt
from storage.charts.orders import Chart
from storage.database.transaction import reading_first
from storage.people.reach import Reach
from storage.roster import load_roster
from storage.store import Store


class _Unknown(Exception):
    """A problem that is not there."""


@click.command("map")
@click.option("--region", help="哪个村、镇或市：名称或代码。不写就是全镇。")
@click.option("--problem", "number", type=click.IntRange(1, 999_999_999), help="再加哪号问题的进度图。")
@click.option("--phone", is_flag=True, help="要手机宽的图，不写就是 A3 横放(200 dpi)。")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="放在哪个目录。")
@click.pass_context
def command(ctx: click.Context, region: str | None, number: int | None, phone: bool, out: Path) -> None:
    """画挂图(.png)：问题分布、销号进度、排查进度，可打印上墙。"""
    from handlers.charts.drawing import draw  # only here, so that no other command waits for matplotlib

    try:
        figures = asyncio.run(_gather(load_settings(), region or "", number))
    except _Unknown:
        click.echo(f"✗ 没有 {number} 号问题。", err=True)
        ctx.exit(1)
    out.mkdir(parents=True, exist_ok=True)
    for name, one in figures.items():
        path = out / f"{name}{'' if phone else '-A3'}.png"
        path.write_bytes(draw(one, wall=not phone))
        click.echo(f"图：{path}")


async def _gather(settings: Settings, region: str, number: int | None) -> Mapping[str, Figures]:
    """The figures of each chart, by what its file is called. Raises _Unknown."""
    now = system_clock()
    async with opened(settings, tell) as house, reading_first(house.database, now) as tx:
        plan = house.world.plan
        reach = [Reach(region=region_named(plan, region) if region else plan.town.code)]
        world = replace(house.world, roster=await load_roster(tx.conn))
        figures: dict[str, Figures] = {}
        async with tx.session("operator", "map") as session:
            store = Store(session)
            for chart in (Chart.HEAT, Chart.BURNDOWN, Chart.COVERAGE):
                one = await gather(store, world, reach, chart, now)
                figures[f"{one.head.place}-{chart.label}-{now:%Y%m%d}"] = one
            if number is not None:
                problem = await store.problems.numbered(number)
                if problem is None:
                    raise _Unknown
                figures[f"{number}号-{Chart.GANTT.label}-{now:%Y%m%d}"] = await gather_gantt(store, world, problem, now)
        return figures
