"""`cunbao policy`: documents of the handbook, from the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.imports.reading import read_import
from bot.service.clock import system_clock
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings, load_settings
from handlers.handbook.documents import add_document, read_document
from handlers.reading import Unreadable
from storage.database.base import from_base36, to_base36
from storage.database.transaction import transaction
from storage.handbook.policies import Policy
from storage.mail.messages import SentFile
from storage.store import Store


@click.group("policy")
def command() -> None:
    """手册里的政策：加进去、列出来、撤下。"""


@command.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--title", default="", help="题目；不写就用文件里的。")
@click.option("--cadres-only", is_flag=True, help="只给干部查；不写则农户也能查。")
@click.pass_context
def add(ctx: click.Context, file: Path, title: str, *, cadres_only: bool) -> None:
    """加一份政策（.docx、.pdf、.md、.txt）；同名的会被换下。"""
    if not asyncio.run(_add(load_settings(), file, title, cadres_only=cadres_only)):
        ctx.exit(1)


@command.command("list")
def list_them() -> None:
    """列出手册里的政策。"""
    asyncio.run(_list(load_settings()))


@command.command("remove")
@click.argument("number")
@click.pass_context
def remove(ctx: click.Context, number: str) -> None:
    """撤下一份政策，编号见 list；原文件还存着。"""
    if not asyncio.run(_remove(load_settings(), number)):
        ctx.exit(1)


async def _add(settings: Settings, file: Path, title: str, *, cadres_only: bool) -> bool:
    content = await asyncio.to_thread(file.read_bytes)
    async with open_installation(settings, tell) as installation:
        try:
            document = await read_import(read_document, content, file.name)
        except Unreadable as error:
            click.echo(f"✗ {error}", err=True)
            return False
        sha256 = await asyncio.to_thread(installation.world.media.write, content)
        async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "policy add") as session:
            store = Store(session)
            store.media.keep(sha256, len(content), content_type="application/octet-stream")
            sent = SentFile(sha256=sha256, kind="document", name=file.name)
            town = installation.world.plan.town.code
            policy = await add_document(store, document, sent=sent, region=town, for_all=not cadres_only, title=title)
    click.echo(f"《{policy.title}》已加进手册，共 {len(document[1])} 段。")
    return True


async def _list(settings: Settings) -> None:
    async with (
        open_installation(settings, tell) as installation,
        transaction(installation.database, system_clock()) as tx,
        tx.session("operator", "policy list") as session,
    ):
        listed = await Store(session).policies.in_force(_regions(installation))
    for one in listed:
        whom = "农户也能查" if one.for_all else "只给干部"
        click.echo(f"{to_base36(one.id)}  {one.added_at:%Y-%m-%d}  {whom}  《{one.title}》{one.number}")
    click.echo(f"共 {len(listed)} 份。" if listed else "手册里还没有加过政策。")


async def _remove(settings: Settings, number: str) -> bool:
    async with (
        open_installation(settings, tell) as installation,
        transaction(installation.database, system_clock()) as tx,
        tx.session("operator", "policy remove") as session,
    ):
        store = Store(session)
        policy = await _numbered(store, number)
        if policy is None:
            click.echo("✗ 没有这个编号，请照 list 里的写。", err=True)
            return False
        await store.policies.end(policy)
    click.echo(f"《{policy.title}》已撤下。")
    return True


async def _numbered(store: Store, number: str) -> Policy | None:
    try:
        return await store.policies.get(from_base36(number))
    except ValueError:
        return None


def _regions(installation: Installation) -> list[str]:
    return [installation.world.plan.county.code, installation.world.plan.town.code]
