"""`cunbao outbox`: sends that failed, or that nobody can vouch for."""

from __future__ import annotations

import asyncio

import click

from bot.setup.installation import open_kept
from bot.setup.settings import Settings, load_settings
from storage.database.base import to_base36
from storage.mail import outbox

_STATES = {
    outbox.PENDING: "待重发",
    outbox.SENDING: "发送中",
    outbox.SENT: "后来发到了",
    outbox.FAILED: "没发出去",
    outbox.UNCERTAIN: "不知是否到达",
}


@click.command("outbox")
def command() -> None:
    """列出没发出去、或不知是否到达的消息（不显示内容）。"""
    asyncio.run(_list(load_settings()))


async def _list(settings: Settings) -> None:
    async with open_kept(settings, read_only=True) as database, database.read() as conn:
        waiting = await outbox.pending_count(conn)
        troubles = await outbox.troubles(conn)
    for one in troubles:
        since = f"{one.uncertain_since:%m-%d %H:%M} 起存疑" if one.uncertain_since else ""
        parts = [to_base36(one.id), one.address, _STATES[one.state], since, one.error or ""]
        click.echo("  ".join(part for part in parts if part))
    click.echo(f"待发 {waiting} 条，有疑问 {len(troubles)} 条。")
