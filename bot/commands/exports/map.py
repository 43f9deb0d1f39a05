"""`cunbao map`: the wall charts as PNG files, to print on A3."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.regions import region_named
from bot.delivery.caches import Caches
from bot.errors import OperatorError
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.charts.figures import Figures
from handlers.charts.gather import gather, gather_gantt
from storage.charts.orders import Chart
from storage.database.transaction import reading_first
from storage.people.reach import Reach
from storage.store import Store


@click.command("map")
@click.option("--region", help="哪个村、镇或市：名称或代码。不写就是全镇。")
@click.option("--problem", "number", type=click.IntRange(1, 999_999_999), help="再加哪号问题的进度图。")
@click.option("--phone", is_flag=True, help="要手机宽的图，不写就是 A3 横放（200 dpi）。")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="放在哪个目录。")
def command(region: str | None, number: int | None, *, phone: bool, out: Path) -> None:
    """画挂图（.png）：问题分布、销号进度、排查进度，可打印上墙。"""
    from handlers.charts.draw import draw  # only here, so that no other command waits for matplotlib
    from handlers.charts.theme import PHONE, WALL

    figures = asyncio.run(_gather(load_settings(), region, number))
    out.mkdir(parents=True, exist_ok=True)
    for name, one in figures.items():
        path = out / f"{name}{'' if phone else '-A3'}.png"
        path.write_bytes(draw(one, PHONE if phone else WALL))
        click.echo(f"图：{path}")


async def _gather(settings: Settings, region: str | None, number: int | None) -> Mapping[str, Figures]:
    """The figures of each chart, by what its file is called. Raises OperatorError."""
    now = system_clock()
    async with open_installation(settings, tell) as installation, reading_first(installation.database, now) as tx:
        world = installation.world
        reach = [Reach(region=region_named(world.plan, region))]
        await Caches(world).refresh_in(tx)
        figures: dict[str, Figures] = {}
        async with tx.session("operator", "map") as session:
            store = Store(session)
            for chart in (Chart.HEAT, Chart.BURNDOWN, Chart.COVERAGE):
                one = await gather(store, world, reach=reach, chart=chart, now=now)
                figures[f"{one.head.place}-{chart.label}-{now:%Y%m%d}"] = one
            if number is not None:
                problem = await store.problems.numbered(number)
                if problem is None:
                    raise OperatorError(f"没有 {number} 号问题。")
                figures[f"{number}号-{Chart.GANTT.label}-{now:%Y%m%d}"] = await gather_gantt(
                    store, world, problem=problem, now=now
                )
        return figures
