"""`cunbao key`: the sealing keys are changed while the service runs."""

from __future__ import annotations

import asyncio

import click

from bot.service.clock import system_clock
from bot.setup.installation import open_kept
from bot.setup.settings import Settings, load_settings
from bot.upkeep import rotation
from storage.database.keys import retired_file
from storage.files.media import MediaStore


@click.group("key")
def command() -> None:
    """加密用的密钥：查看、更换、停用旧的，不用停服务。"""


@command.command("list")
def list_them() -> None:
    """列出各号密钥和用它加密的内容有多少（不显示密钥）。"""
    asyncio.run(_list(load_settings()))


@command.command("rotate")
@click.pass_context
def rotate(ctx: click.Context) -> None:
    """换一把新密钥，把所有加密的内容换成新密钥；中断了再运行一次就接着做。"""
    if not asyncio.run(_rotate(load_settings())):
        ctx.exit(1)


@command.command("retire")
@click.pass_context
def retire(ctx: click.Context) -> None:
    """停用已没有内容在用的旧密钥：移到密钥文件旁的 .retired 文件里。"""
    if not asyncio.run(_retire(load_settings())):
        ctx.exit(1)


async def _list(settings: Settings) -> None:
    async with open_kept(settings, read_only=True) as database:
        media = MediaStore(settings.media_dir, database.vault)
        for one in await rotation.key_uses(database, media):
            state = "在用" if one.newest else "旧的"
            click.echo(f"{one.number} 号  {state}  {one.values} 处  {one.files} 个文件")


async def _rotate(settings: Settings) -> bool:
    async with open_kept(settings) as database:
        media = MediaStore(settings.media_dir, database.vault)
        done = await rotation.rotate(database, media, settings.key_path, system_clock(), click.echo)
    if done.left > done.broken:
        click.echo(f"✗ 还有 {done.left - done.broken} 处正被服务占着。过一会再运行一次 cunbao key rotate。", err=True)
        return False
    if done.broken:
        click.echo(f"✗ 有 {done.broken} 处打不开，可能已损坏，没有换。请运行 cunbao check 看是哪些。", err=True)
        return False
    click.echo(f"全部换好了：{done.values} 处、{done.files} 个文件。")
    click.echo("请再备份一次。换密钥以前的备份还要用旧密钥才能恢复；旧密钥用 cunbao key retire 停用。")
    return True


async def _retire(settings: Settings) -> bool:
    async with open_kept(settings) as database:
        media = MediaStore(settings.media_dir, database.vault)
        retired = await rotation.retire(database, media, settings.key_path, system_clock())
        uses = await rotation.key_uses(database, media)
    for number in retired:
        click.echo(f"已停用 {number} 号密钥，移到 {retired_file(settings.key_path)}。")
    if retired:
        click.echo("换密钥以前的备份要用它恢复：请把这个文件移到存那些备份的密钥的地方。")
    waiting = [one for one in uses if not one.newest and (one.values or one.files)]
    for one in waiting:
        click.echo(
            f"✗ {one.number} 号密钥还有 {one.values} 处、{one.files} 个文件在用，留着。请先运行 cunbao key rotate。", err=True
        )
    if not retired and not waiting:
        click.echo("没有要停用的密钥。")
    return not waiting
