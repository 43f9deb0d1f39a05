"""The platforms there are, as people know them; importing this imports none of them."""

from __future__ import annotations

from bot.setup.settings import Settings
from handlers.engine.world import PlatformInfo


def platform_infos(settings: Settings) -> dict[str, PlatformInfo]:
    """By name. Telegram's `join_url` is learnt from Telegram, by whoever talks to it (`Platform.join_url`)."""
    return {"web": PlatformInfo("手机网页", f"{settings.web_address}/join/{{token}}"), "telegram": PlatformInfo("Telegram")}
