"""`cunbao sample`: draw the county's sample, or draw it again to prove a published one. Keeps nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.files.spreadsheets import write_rows
from handlers.files.tables import Row
from handlers.inspections.draw import draw, rank
from storage.database.transaction import reading_first
from storage.plan import Plan
from storage.roster import Household, load_roster

_HEADINGS = ("村", "村代码", "次序", "户号", "屯", "户主", "散列值")


@click.command("sample")
@click.option("--seed", required=True, help="公布的种子，一个字也不能差。")
@click.option("--village", "villages", multiple=True, help="只抽这个村（名称或代码），可写几次；不写就是全部。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="把名单写成 .xlsx。")
def command(seed: str, villages: tuple[str, ...], out: Path | None) -> None:
    """按种子抽样：每村不少于方案规定的比例，谁用同一种子都抽到同样的户（方法见 docs/sampling.md）。"""
    asyncio.run(_sample(load_settings(), seed, villages, out))


async def _sample(settings: Settings, seed: str, villages: tuple[str, ...], out: Path | None) -> None:
    async with open_installation(settings, tell) as installation:
        plan = installation.world.plan
        wanted = _codes(plan, villages)
        async with reading_first(installation.database, system_clock()) as tx:
            by_village = (await load_roster(tx.conn, tx.damage)).by_village
    listed = [one for code in wanted for one in by_village.get(code, [])]
    drawn = draw(seed, listed, ratio=plan.sampling_ratio)
    for code, households in drawn.items():
        click.echo(f"{plan.village(code).name} {len(by_village[code])} 户，抽 {len(households)} 户：", nl=False)
        click.echo(" ".join(str(one.number) for one in households))
    click.echo(f"种子 {seed}：{len(listed)} 户，每村不少于 {plan.sampling_ratio:.0%}，共抽 {_count(drawn)} 户。")
    if out is not None:
        rows = _rows(plan, seed, drawn)
        await asyncio.to_thread(lambda: out.write_bytes(write_rows("抽样名单", rows, width=len(_HEADINGS))))
        click.echo(f"名单：{out}")


def _codes(plan: Plan, villages: tuple[str, ...]) -> list[str]:
    try:
        return [plan.village_named(name).code for name in villages] or [village.code for village in plan.villages]
    except KeyError as error:
        raise click.UsageError(f"方案里没有这个村：{error.args[0]}") from None


def _count(drawn: dict[str, list[Household]]) -> int:
    return sum(len(households) for households in drawn.values())


def _rows(plan: Plan, seed: str, drawn: dict[str, list[Household]]) -> list[Row]:
    rows: list[Row] = [list(_HEADINGS)]
    for code, households in drawn.items():
        village = plan.village(code).name
        rows += [
            [village, code, place, one.number, one.group_name, one.head, rank(seed, one.number)]
            for place, one in enumerate(households, 1)
        ]
    return rows
