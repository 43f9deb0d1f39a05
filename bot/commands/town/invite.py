"""`cunbao invite`: a link and a QR code that make somebody part of the system; what is open, and ending it."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
import segno

from bot.commands import tell
from bot.commands.regions import region_named
from bot.platforms.telegram.platform import telegram_of
from bot.service.clock import system_clock
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings, load_settings
from handlers.joining.closed import end_waiting
from handlers.joining.code_picture import code_picture
from handlers.joining.invite import CODE_LASTS, LASTS
from handlers.wording.days import full_day_in_words
from handlers.wording.people import post_in_words, role_in_words
from storage.database.base import from_base36, to_base36
from storage.database.transaction import transaction
from storage.joining.invites import Invite, Invites
from storage.people.persons import People, Role
from storage.plan import Plan
from storage.store import Store


@dataclass(frozen=True, slots=True)
class _Wanted:
    role: Role
    region: str
    unit: str | None
    name: str | None
    uses: int | None
    days: int
    png: Path | None

    @property
    def waits(self) -> bool:
        """One person is who the operator means. Of several who share a link nobody knows who they will be."""
        return self.role is not Role.HOUSEHOLD and self.uses != 1


@click.command("invite")
@click.option("--role", type=click.Choice([role.value for role in Role]), help="邀请谁。")
@click.option("--region", help="哪个村、镇或市：名称或代码。站所、镇、市可以不写。")
@click.option("--unit", help="哪个站所（只用于 --role unit）。")
@click.option("--name", help="写明姓名，打开链接的人不用再填。")
@click.option("--uses", type=click.IntRange(min=1), help="能用几次：默认 1 次，农户不限。几个人用的，每个人都要镇里点一下。")
@click.option("--days", type=click.IntRange(min=1), help="几天内有效：默认 7 天，农户 180 天。")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="把二维码另存为图片，可打印张贴。")
@click.option("--list", "listing", is_flag=True, help="列出还能用的邀请。")
@click.option("--revoke", metavar="编号", help="撤回一个邀请，编号见 --list。")
def command(
    role: str | None,
    region: str | None,
    unit: str | None,
    name: str | None,
    uses: int | None,
    days: int | None,
    png: Path | None,
    *,
    listing: bool,
    revoke: str | None,
) -> None:
    """生成邀请链接和二维码；列出、撤回邀请。"""
    if listing:
        asyncio.run(_list(load_settings()))
        return
    if revoke:
        asyncio.run(_revoke(load_settings(), revoke))
        return
    if role is None:
        raise click.UsageError("请用 --role 写明邀请谁，或用 --list 看还能用的邀请。")
    wanted = Role(role)
    public = wanted is Role.HOUSEHOLD
    uses, days = uses or (None if public else 1), days or (CODE_LASTS if public else LASTS).days
    asyncio.run(_invite(load_settings(), _Wanted(wanted, region or "", unit, name, uses, days, png)))


async def _invite(settings: Settings, wanted: _Wanted) -> None:
    async with open_installation(settings, tell) as installation:
        region, unit = _region(installation.world.plan, wanted), _unit(installation.world.plan, wanted)
        now = system_clock()
        until = now + timedelta(days=wanted.days)
        async with transaction(installation.database, now) as tx, tx.session("operator", "invite") as session:
            try:
                token = Invites(session).create(
                    wanted.role, region, unit=unit, person_name=wanted.name, uses=wanted.uses, expires_at=until,
                    waits=wanted.waits,
                )  # fmt: skip
            except ValueError as error:
                raise click.UsageError(str(error)) from None
        post = role_in_words(installation.world.plan, wanted.role, region=region, unit=unit)
        click.echo(f"邀请：{post}{f' {wanted.name}' if wanted.name else ''}")
        times = f"可用 {wanted.uses} 次" if wanted.uses else "次数不限"
        click.echo(f"{times}，{until:%Y-%m-%d %H:%M} 前有效。{_warning(wanted)}")
        telegram = telegram_of(installation, system_clock)
        if telegram:
            await telegram.start()
            platforms = installation.world.platforms
            platforms[telegram.name] = replace(platforms[telegram.name], join_url=telegram.join_url)
            await telegram.stop()
        _show(installation, token, wanted.png, [post, f"{full_day_in_words(until.date())}前有效"])


async def _list(settings: Settings) -> None:
    async with open_installation(settings, tell) as installation:
        async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "invite") as session:
            found = await Invites(session).open_in(installation.world.plan.county.code)
            makers = {one.created_by: await People(session).get(one.created_by) for one in found if one.created_by}
        for one in found:
            maker = makers.get(one.created_by or 0)
            click.echo(f"{_in_words(installation.world.plan, one)}，{maker.name if maker else '命令行'}发的")
        click.echo(f"还能用的邀请：{len(found)} 个。" + ("撤回：cunbao invite --revoke 编号" if found else ""))


async def _revoke(settings: Settings, key: str) -> None:
    async with open_installation(settings, tell) as installation:
        async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "invite") as session:
            store = Store(session)
            try:
                found = await store.invites.get(from_base36(key))
            except ValueError:
                found = None
            waiting = await store.admissions.by_invites(invite_id=found.id) if found else []
            await end_waiting(store, waiting, by=None)
            if found is None or not (await store.invites.revoke(found.id, None) or waiting):
                raise click.ClickException(f"没有编号 {key} 的邀请，或者它已经不能用了。用 --list 看还能用的。")
        click.echo(f"撤回了：{_in_words(installation.world.plan, found)}")


def _in_words(plan: Plan, one: Invite) -> str:
    post = post_in_words(plan, one)
    times = "次数不限" if one.uses_left is None else f"还能用 {one.uses_left} 次"
    until = f"{one.expires_at:%Y-%m-%d %H:%M} 前有效" if one.expires_at else "长期有效"
    return f"{to_base36(one.id)}  {post}{f' {one.person_name}' if one.person_name else ''}，{times}，{until}"


def _warning(wanted: _Wanted) -> str:
    """Say who may see the link: a household proves itself by name and number, an office is given to whoever opens the link."""
    if wanted.role is Role.HOUSEHOLD:
        return "可以张贴在村里：农户扫码后还要核对姓名和证件号后四位。" if wanted.uses is None else "请发给要加入的农户。"
    if wanted.waits:
        return "每个人打开以后，要镇里点一下才能用。"
    return "谁先打开谁就能用，请只发给本人。"


def _region(plan: Plan, wanted: _Wanted) -> str:
    """The code of a region by code or name. Without one: the county's own for the county, else the town's."""
    if not wanted.region:
        if wanted.role in (Role.HOUSEHOLD, Role.VILLAGE):
            raise click.UsageError("请用 --region 写明是哪个村。")
        return plan.county.code if wanted.role is Role.COUNTY else plan.town.code
    return region_named(plan, wanted.region)


def _unit(plan: Plan, wanted: _Wanted) -> str | None:
    if wanted.unit is None:
        return None
    try:
        return plan.unit_named(wanted.unit).code
    except KeyError:
        names = "、".join(unit.name for unit in plan.units if unit.role is Role.UNIT)
        raise click.UsageError(f"方案里没有“{wanted.unit}”。有：{names}") from None


def _show(installation: Installation, token: str, png: Path | None, caption: list[str]) -> None:
    links = installation.world.join_links(token)
    for link in links:
        click.echo(f"\n{link}")
        drawn = io.StringIO()
        segno.make(link, micro=False).terminal(drawn, compact=True)
        click.echo(drawn.getvalue())
    if png is not None:
        png.write_bytes(code_picture(links[0], caption))
        click.echo(f"二维码已存为 {png}")
    if urlsplit(installation.settings.web_address).hostname in ("127.0.0.1", "localhost", "::1"):
        click.echo("这个网址只有本机能打开。正式使用请设 CUNBAO_WEB_BASE_URL 为手机能访问的网址。", err=True)
