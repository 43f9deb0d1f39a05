"""What another process may ask of the Bot API server, as JSON posted to `/control/<call>`."""

from __future__ import annotations

import base64
import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from tests.support.botapi.values import Json

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi

_CONTROLS = (
    *("set_faults", "name_user", "block", "unblock", "say", "say_many", "press", "expire_queries", "send_photo"),
    *("send_document", "share_location", "share_contact", "message", "messages", "truth", "calls_of", "pending"),
    *("next_message", "wait_sent"),
)


async def controlled(api: BotApi, name: str, arguments: Json) -> tuple[int, Json]:
    if name not in _CONTROLS:
        return 404, {"ok": False, "description": f"no such control call; there are {', '.join(sorted(_CONTROLS))}"}
    if "content" in arguments:
        arguments["content"] = base64.b64decode(arguments["content"])
    try:
        result = getattr(api, name)(**arguments)
        if inspect.isawaitable(result):
            result = await result
    except TimeoutError:
        return 408, {"ok": False, "description": "timed out"}
    except (LookupError, TypeError) as error:
        return 400, {"ok": False, "description": str(error)}
    return 200, {"ok": True, "result": _plain(result)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
