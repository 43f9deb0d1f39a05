"""`cunbao demo`: the whole bot with invented people, on a page with three phones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import sys
import webbrowser
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import click
import sqlalchemy as sa
import uvloop

from bot.commands import command_line
from bot.delivery.intake import Intake
from bot.demo.fill import NotEmpty, demo_note, demo_plan, make_demo_data
from bot.demo.town import STORY_CADRE
from bot.errors import CannotStart
from bot.platforms.web import DemoPage
from bot.service import logs
from bot.service.clock import system_clock
from bot.service.service import Service, listen, stop_signals
from bot.setup.installation import Installation, lock_data_folder, make_folder, open_installation, plan_folder
from bot.setup.settings import FILE, Settings, load_settings
from storage.database.transaction import transaction
from storage.mail.chats import chats, mark_used
from storage.mail.messages import Incoming
from storage.people.persons import Role, accounts
from storage.plan import Plan, PlanError, load_plan, write_shifted

_PHASE = "rectify"
SEED = 2022


@click.command("demo")
@click.option("--no-open", is_flag=True, help="不打开浏览器。")
def command(*, no_open: bool) -> None:
    """试用：三部手机（农户、村干部、镇里）并排，数据是编的，放在数据目录的 demo 里。"""
    base = load_settings()
    folder = base.data_dir / "demo"
    with _listen(base) as listening:
        settings, plan = prepare(folder, base, port=listening.getsockname()[1])
        logs.configure(settings.log_level, settings.log_format, settings.secrets)
        with lock_data_folder(settings):
            uvloop.run(_run(settings, plan, listening, show=not no_open and _has_screen()))


def prepare(folder: Path, base: Settings, port: int | None = None) -> tuple[Settings, Plan]:
    """A data folder of its own, on SQLite and without Telegram, whose `cunbao.toml` names the plan with moved dates.

    Raises CannotStart.
    """
    make_folder(folder)
    plan = _moved_plan(base, folder / "plan", system_clock().date())
    file = folder / FILE
    if not file.exists():
        place = str((folder / "plan").resolve())
        file.write_text(f"plan = {json.dumps(place, ensure_ascii=False)}\n", "utf-8")
        file.chmod(0o600)
    settings = load_settings(
        data_dir=folder, plan=str(folder / "plan"), web_port=port or base.web_port, web_host="127.0.0.1",
        database_url=None, key_file=None, telegram_token=None, web_base_url=None,
    )  # fmt: skip
    return settings, plan


def _say_nothing(_: str) -> None:
    """Not where the key is: the key of invented data needs no copy."""


async def fill(installation: Installation, seed: int) -> bool:
    """Make people and cases in an empty database; returns False where there is somebody already."""
    try:
        made = await make_demo_data(installation.database, installation.world.plan, now=system_clock(), seed=seed)
    except NotEmpty:
        return False
    click.echo(
        f"已编好一个镇的示例数据：{made.villages} 个村，{made.households} 户，{made.officials} 名干部，"
        f"{made.clues} 条线索，{made.problems} 个问题。"
    )
    return True


async def _run(settings: Settings, plan: Plan, listening: socket.socket, *, show: bool) -> None:
    with stop_signals() as stop:
        async with open_installation(settings, _say_nothing, plan=plan) as installation:
            new = await fill(installation, SEED)
            phones = await _phones(installation)
            if new:
                await _show_menus(installation, phones)
            page = DemoPage(phones, demo_note(plan, system_clock().date()))
            service = Service(installation, demo=page)
            url = f"{settings.web_address}/demo"
            click.echo(f"{page.note}\n已启动（Ctrl-C 停止），请打开：{url}")
            click.echo(f"也可以在终端里办事：{command_line(settings.data_dir, 'chat', '--as', STORY_CADRE)}")
            if show:
                await asyncio.to_thread(webbrowser.open, url)
            await service.run(stop, listening)


def _moved_plan(base: Settings, folder: Path, today: date) -> Plan:
    """The plan with `today` in its rectification phase; moved again when that is over, or a newer version asks for more."""
    if folder.exists():
        with contextlib.suppress(PlanError):
            plan = load_plan(folder)
            if plan.phase(_PHASE) in plan.phases_on(today):
                return plan
        shutil.rmtree(folder)
    try:
        source = plan_folder(base.plan)
        return write_shifted(source, demo_plan(load_plan(source), today).phases[0].first, folder)
    except PlanError as error:
        raise CannotStart(f"方案 {base.plan} 用不了：\n{error}") from None


async def _phones(installation: Installation) -> Mapping[str, str]:
    """The demo's phones by label: the household's first, then upwards."""
    async with transaction(installation.database, system_clock()) as tx:
        found = await tx.conn.execute(sa.select(chats.c.address).where(chats.c.address.startswith("web:demo-")))
        addresses = list(found.scalars())
        await mark_used(tx.conn, addresses, now=tx.now)  # whoever shows it once a year need not join again
        owners = await accounts(tx.conn, addresses, tx.damage)
    roles = {account.address: account.person.posts[0].role for account in owners.values() if account.person}
    return {roles[address].label: address for address in sorted(roles, key=lambda address: list(Role).index(roles[address]))}


async def _show_menus(installation: Installation, phones: Mapping[str, str]) -> None:
    """Ask for the menu on each phone, so that no screen is empty at the start."""
    intake = Intake(installation.database, system_clock, lambda: None)
    now = system_clock()
    await intake.put([Incoming(address=one, key=f"{one}:menu", at=now, choice="/help") for one in phones.values()])


def _listen(settings: Settings) -> socket.socket:
    """Listen on the usual port, or on any other when that one is taken."""
    try:
        return listen("127.0.0.1", settings.web_port)
    except CannotStart:
        return listen("127.0.0.1", 0)


def _has_screen() -> bool:
    """Whether there is a screen; without one, a text browser would take over the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
