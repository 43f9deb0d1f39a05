"""`cunbao backup`: an archive of everything, while the bot runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from bot.upkeep.backup import back_up


@click.command("backup")
@click.option("--to", "to", type=click.Path(path_type=Path), help="备份文件或目录，默认放在数据目录的 backups 里。")
@click.option("--with-key", is_flag=True, help="把密钥也放进去(这份备份就能单独解开，要锁好)。")
def command(to: Path | None, *, with_key: bool) -> None:
    """备份数据库、照片和方案，不用停服务。"""
    asyncio.run(_back_up(load_settings(), to, with_key=with_key))


async def _back_up(settings: Settings, to: Path | None, *, with_key: bool) -> None:
    now = system_clock()
    path = to or settings.data_dir / "backups"
    if to is None or path.is_dir():
        path = path / f"cunbao-{now:%Y%m%d-%H%M%S}.tar"
    async with open_installation(settings, tell) as installation:
        manifest = await back_up(installation, path, now=now, with_key=with_key)
    size = sum(entry.size for entry in manifest.files) / 1024 / 1024
    click.echo(f"已备份并核对：{path}({len(manifest.files)} 个文件，{size:.1f} MB)")
    if not with_key:
        click.echo(f"密钥不在备份里，请另存：{settings.key_path}")
