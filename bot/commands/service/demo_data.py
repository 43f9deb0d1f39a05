"""`cunbao demo-data`: a whole invented town, the same for the same seed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import command_line, tell
from bot.commands.service.demo import SEED, fill, prepare
from bot.errors import CannotStart
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from storage.plan import Plan


@click.command("demo-data")
@click.option("--seed", default=SEED, show_default=True, help="同一个数得到同样的数据。")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), help="放在哪里，默认是数据目录的 demo。")
def command(seed: int, folder: Path | None) -> None:
    """编一个镇的示例数据（约 3400 户），方案日期平移到今天前后。"""
    base = load_settings()
    asyncio.run(_make(*prepare(folder or base.data_dir / "demo", base), seed))


async def _make(settings: Settings, plan: Plan, seed: int) -> None:
    async with open_installation(settings, tell, plan=plan) as installation:
        if not await fill(installation, seed):
            raise CannotStart(f"{settings.data_dir} 里已有人员数据，没有动。请用 --dir 换一个空目录。")
    click.echo(f"使用（run 也可换成 chat、check 等）：{command_line(settings.data_dir, 'run')}")
