"""`cunbao dead-letters`: messages that could not be worked on."""

from __future__ import annotations

import asyncio

import click

from bot.setup.installation import open_kept
from bot.setup.settings import Settings, load_settings
from storage.database.base import from_base36, to_base36
from storage.mail import inbox


@click.group("dead-letters")
def command() -> None:
    """没能处理的消息：查看、重试。"""


@command.command("list")
def list_them() -> None:
    """列出没能处理的消息（不显示内容）。"""
    asyncio.run(_list(load_settings()))


@command.command("retry")
@click.argument("numbers", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="全部重试。")
def retry(numbers: tuple[str, ...], *, everything: bool) -> None:
    """让服务再处理一次，编号见 list。"""
    if bool(numbers) == everything:
        raise click.UsageError("请写编号，或用 --all 全部重试。")
    try:
        ids = [from_base36(number) for number in numbers]
    except ValueError:
        raise click.UsageError("编号不对，请照 list 里的写。") from None
    asyncio.run(_retry(load_settings(), ids))


async def _list(settings: Settings) -> None:
    async with open_kept(settings, read_only=True) as database, database.read() as conn:
        letters = await inbox.dead_letters(conn)
    for letter in letters:
        click.echo(f"{to_base36(letter.id)}  {letter.received_at:%m-%d %H:%M}  {letter.address}  {letter.error}")
    click.echo(f"共 {len(letters)} 条。" if letters else "没有搁置的消息。")


async def _retry(settings: Settings, ids: list[int]) -> None:
    async with open_kept(settings) as database, database.write() as conn:
        ids = ids or [letter.id for letter in await inbox.dead_letters(conn)]
        revived = await inbox.revive(conn, ids) if ids else 0
    click.echo(f"{revived} 条已放回，服务运行时会马上处理。")
