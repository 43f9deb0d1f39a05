"""`cunbao reconcile`: a list of a unit, or of the national system, held against the roster."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.imports.reading import read_import
from bot.delivery.caches import Caches
from bot.errors import OperatorError
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.engine.looking import note_looks
from handlers.files.ask import result_name
from handlers.files.keeping import keep
from handlers.files.reader import FROM_THE_OPERATOR
from handlers.files.spreadsheets import XLSX
from handlers.reading import Unreadable
from handlers.reconciling.hand_in import counts_in_words, outcome_in_words, record, sources_of, tell_owners
from handlers.reconciling.sheet import read_list
from storage.database.transaction import transaction
from storage.looks import Way
from storage.plan import Plan
from storage.reconciling import NATIONAL
from storage.roster import KINDS
from storage.store import Store

_SHOWN = 20


@click.command("reconcile")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", required=True, help="以谁的名义：镇里或站所的人，写姓名。")
@click.option("--source", help="谁的名单：单位名称，或 national(国家系统)。站所的人不用写。")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="名单应列全哪类户，可写几次；不写不查漏户。")
@click.pass_context
def command(ctx: click.Context, file: Path, name: str, source: str | None, kinds: tuple[str, ...]) -> None:
    """名单（.xlsx 或 .csv）与名册对账；差异记下，由各村、站所发 /differences 核对。每行结果写到“…-对账结果.xlsx”。"""
    try:
        good = asyncio.run(_reconcile(load_settings(), file, file.read_bytes(), name, source, kinds))
    except Unreadable as error:
        raise OperatorError(str(error)) from None
    if not good:
        ctx.exit(1)


async def _reconcile(
    settings: Settings, file: Path, content: bytes, name: str, said: str | None, kinds: tuple[str, ...]
) -> bool:
    now = system_clock()
    async with open_installation(settings, tell) as installation:
        plan = installation.world.plan
        sheet = await read_import(read_list, content, file.name, plan=plan, today=now.date(), limits=FROM_THE_OPERATOR)
        async with transaction(installation.database, now) as tx, tx.session("operator", "reconcile") as session:
            store = Store(session)
            named = await store.people.named(name)
            if len(named) != 1:
                raise OperatorError(f"没有叫「{name}」的人。" if not named else f"有 {len(named)} 个「{name}」，请换一个人。")
            source = _source(plan, said, [code for code, _ in sources_of(named[0], plan)], name)
            await Caches(installation.world).refresh_in(tx)
            sha256 = await keep(
                store, installation.world, content=content, content_type=XLSX if file.suffix.lower() == ".xlsx" else "text/csv"
            )
            found, entered = await record(
                store, installation.world, sheet=sheet, source=source, kinds=kinds, sha256=sha256, by=named[0].id
            )
            await tell_owners(store, installation.world, source=source, entered=entered, by=named[0].id)
            note_looks(store, installation.world, named[0], found.homes, way=Way.FILE)
        made = await asyncio.to_thread(found.as_sheet, plan)
    result = file.with_name(result_name(file.name, "对账结果"))
    await asyncio.to_thread(result.write_bytes, made)
    for wrong in sheet.errors[:_SHOWN]:
        click.echo(f"✗ {wrong}")
    click.echo(counts_in_words(found))
    click.echo(f"{outcome_in_words(entered)}逐行结果：{result}")
    return not sheet.errors


def _source(plan: Plan, said: str | None, allowed: list[str], name: str) -> str:
    """The code of whose list it is. Raises OperatorError."""
    if not allowed:
        raise OperatorError(f"{name}不是镇里或站所的人，不能对账。")
    if said is None and len(allowed) == 1:
        return allowed[0]
    try:
        code = said if said == NATIONAL else plan.unit_named(said or "").code
    except KeyError:
        raise OperatorError("请用 --source 写明是谁的名单：单位名称，或 national(国家系统)。") from None
    if code not in allowed:
        raise OperatorError(f"{name}不能代「{said}」对账。")
    return code
