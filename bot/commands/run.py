"""`cunbao run`: the service."""

from __future__ import annotations

import click
import uvloop

from bot.commands import tell
from bot.service import logs
from bot.service.service import Service, listen, stop_signals
from bot.setup.installation import lock_data_folder, open_installation
from bot.setup.settings import Settings, load_settings


@click.command("run")
def command() -> None:
    """启动服务(Ctrl-C 或 SIGTERM 停止，手上的消息会办完)。"""
    settings = load_settings()
    logs.configure(settings.log_level, settings.log_format, settings.secrets)
    with lock_data_folder(settings):
        uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    with stop_signals() as stop:
        async with open_installation(settings, tell) as installation:
            service = Service(installation)
            listening = listen(settings.web_host, settings.web_port)
            click.echo(f"已启动（Ctrl-C 停止）：{settings.web_address}")
            await service.run(stop, listening)
