"""`cunbao export`: a ledger as .xlsx."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click

from bot.commands import tell
from bot.commands.regions import region_named
from bot.delivery.caches import Caches
from bot.errors import OperatorError
from bot.service.clock import system_clock
from bot.setup.installation import open_installation
from bot.setup.settings import Settings, load_settings
from handlers.ledgers.base import Ledger
from handlers.ledgers.catalog import LEDGERS
from handlers.ledgers.making import Export, draft_export, in_short
from handlers.rights.reach import LEAST_REASON, MOST_REASON, narrowed, reach_of
from storage.database.transaction import reading_first
from storage.people.persons import Person
from storage.people.reach import Reach
from storage.store import Store


@dataclass(frozen=True, slots=True)
class _Wanted:
    ledger: Ledger
    region: str
    name: str
    reason: str


@click.command("export")
@click.argument("ledger", type=click.Choice(list(LEDGERS)), metavar="LEDGER")
@click.option("--region", help="只要哪个村、镇或市：名称或代码。不写就是全镇。")
@click.option("--unmasked", is_flag=True, help="要完整号码：须写 --reason 和 --as，会留下审计记录。")
@click.option("--reason", default="", help=f"完整号码做什么用，{LEAST_REASON} 到 {MOST_REASON} 个字。")
@click.option("--as", "name", default="", help="以谁的名义：只含这个人岗位管的范围。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件。不写就放在当前目录。")
def command(ledger: str, region: str | None, *, unmasked: bool, reason: str, name: str, out: Path | None) -> None:
    """导出台账（.xlsx），号码默认遮盖。"""
    if unmasked and not name:
        raise click.UsageError("--unmasked 要用 --as 写明以谁的名义。")
    if unmasked and not LEAST_REASON <= len(reason.strip()) <= MOST_REASON:
        raise click.UsageError(f"--unmasked 要用 --reason 写明用途，{LEAST_REASON} 到 {MOST_REASON} 个字。")
    wanted = _Wanted(LEDGERS[ledger], region or "", name, reason.strip() if unmasked else "")
    made = asyncio.run(_export(load_settings(), wanted))
    out = out or Path(made.file_name)
    out.write_bytes(made.content)
    click.echo(f"{in_short(made, wanted.ledger, reason=wanted.reason)}文件：{out}")


command.help = f"{command.help}\n\n\b\n" + "\n".join(f"{one.code:<12}{one.title}" for one in LEDGERS.values())


async def _export(settings: Settings, wanted: _Wanted) -> Export:
    now = system_clock()
    async with open_installation(settings, tell) as installation, reading_first(installation.database, now) as tx:
        plan = installation.world.plan
        region = region_named(plan, wanted.region)
        await Caches(installation.world).refresh_in(tx)
        async with tx.session("operator", "export") as session:
            store = Store(session)
            person = await _person(store, wanted.name) if wanted.name else None
            reach = narrowed(_reach(wanted, person) if person else [Reach(region=region)], region)
            if not reach:
                raise OperatorError(f"{wanted.name}的岗位不管这里的《{wanted.ledger.title}》" + _whole(wanted))
            draft = await draft_export(
                store, installation.world, ledger=wanted.ledger, reach=reach, person=person, reason=wanted.reason
            )
            made = await draft.made_at_once(store, installation.world)
        await tx.begin_writing()  # only now, so that a running service is not held up
        return made


def _reach(wanted: _Wanted, person: Person) -> list[Reach]:
    ledger = wanted.ledger
    return reach_of(person, ledger.roles & ledger.whole_for if wanted.reason else ledger.roles)


def _whole(wanted: _Wanted) -> str:
    return "，或不能看完整号码。" if wanted.reason else "。"


async def _person(store: Store, name: str) -> Person:
    """The one official of that name. Raises OperatorError."""
    found = await store.people.named(name)
    if len(found) != 1:
        raise OperatorError(f"没有叫“{name}”的在岗人员。" if not found else f"叫“{name}”的有 {len(found)} 人，分不清。")
    return found[0]
