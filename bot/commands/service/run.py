"""`cunbao run`: the service."""

from __future__ import annotations

import contextlib

import click
import uvloop

from bot.commands import tell
from bot.service import logs
from bot.service.clock import system_clock
from bot.service.service import Service, listen, stop_signals
from bot.setup.installation import GivenUp, lock_data_folder, once_it_answers, open_installation
from bot.setup.settings import Settings, load_settings
from bot.upkeep.upgrade import upgrade
from bot.web.connections import raise_file_limit
from storage.database.limits import SERVICE


@click.command("run")
def command() -> None:
    """启动服务（Ctrl-C 或 SIGTERM 停止，手上的消息会办完）。"""
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format, settings.secrets)
    raise_file_limit()
    with lock_data_folder(settings):
        uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    with stop_signals() as stop, contextlib.suppress(GivenUp):
        await once_it_answers(lambda: upgrade(settings, system_clock(), tell), tell, stop)
        async with open_installation(settings, tell, limits=SERVICE, stop=stop) as installation:
            service = Service(installation)
            listening = listen(settings.web_host, settings.web_port)
            click.echo(f"已启动（Ctrl-C 停止）：{settings.web_address}")
            await service.run(stop, listening)
