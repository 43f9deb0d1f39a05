"""`cunbao backup`: an archive of everything, while the bot runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.service.clock import system_clock
from bot.setup.settings import Settings, load_settings
from bot.upkeep.backup import back_up
from storage.migrations import migrate

_SHOWN = 5


@click.command("backup")
@click.option("--to", "to", type=click.Path(path_type=Path), help="备份文件或目录，默认放在数据目录的 backups 里。")
@click.option("--with-key", is_flag=True, help="把密钥也放进去（这份备份就能单独解开，要锁好）。")
@click.pass_context
def command(ctx: click.Context, to: Path | None, *, with_key: bool) -> None:
    """备份数据库、照片和方案，不用停服务。"""
    if not asyncio.run(_back_up(load_settings(), to, with_key=with_key)):
        ctx.exit(1)


async def _back_up(settings: Settings, to: Path | None, *, with_key: bool) -> bool:
    now = system_clock()
    path = to or settings.data_dir / "backups"
    if to is None or path.is_dir():
        path = path / f"cunbao-{now:%Y%m%d-%H%M%S}.tar"
    manifest = await back_up(settings, path, now=now, with_key=with_key)
    size = sum(entry.size for entry in manifest.files) / 1024 / 1024
    click.echo(f"已备份并核对：{path}（{len(manifest.files)} 个文件，{size:.1f} MB）")
    if not settings.key_path.exists():
        click.echo(f"✗ 这里没有密钥文件 {settings.key_path}。没有它，这份备份谁也打不开。请找出来，与备份分开放。", err=True)
    elif not with_key:
        click.echo(f"密钥不在备份里，请另存：{settings.key_path}")
    if manifest.revision is not None and not migrate.knows(manifest.revision):
        click.echo(f"数据库是更新的版本建的（数据表 {manifest.revision}），恢复这份备份也要用那个版本的 cunbao。")
    for name in manifest.unread[:_SHOWN]:
        click.echo(f"✗ 读不了，没有备份进去：{name}", err=True)
    if manifest.unread:
        click.echo(f"✗ 有 {len(manifest.unread)} 个文件读不了，其余都备份了。请看磁盘和权限，再备份一次。", err=True)
    return not manifest.unread
