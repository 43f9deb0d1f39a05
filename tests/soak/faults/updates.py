"""Updates as no phone should make them: names of half a character, numbers beyond all sense, kinds nobody knows."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from tests.soak.faults import Fault, Ground

_STRANGERS = itertools.count(900_001)


def _odd(chat: int) -> list[tuple[str, Any]]:
    """Kind and body of each."""
    sender = {"id": chat, "is_bot": False, "first_name": "干部"}
    message = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": chat, "type": "private"}, "from": sender, "text": "在吗"}
    stranger = {"id": next(_STRANGERS), "type": "private"}
    return [
        ("message", message | {"from": sender | {"first_name": "\ud83d"}, "chat": stranger}),
        ("message", message | {"from": sender | {"first_name": "", "last_name": "\udc00\u0000"}, "text": "名\ud83d字\u0000"}),
        ("message", message | {"from": sender | {"id": 2**70}, "chat": {"id": 2**70, "type": "private"}}),
        ("message", message | {"date": 10**20}),
        ("message", message | {"message_id": -(2**80)}),
        ("message", message | {"location": {"latitude": 1e400, "longitude": "x"}, "text": None}),
        ("message", message | {"text": None, "document": {"file_id": None, "file_size": 10**30}}),
        ("message", message | {"text": None, "contact": {"phone_number": "\ud800" * 500}}),
        ("message", {"message_id": 5}),
        ("message", []),
        ("message", None),
        ("callback_query", {"id": "1", "data": "x" * 100_000}),
        ("callback_query", {"id": "\ud83d", "from": sender, "message": message, "data": "\udfff"}),
        ("my_chat_member", {"chat": stranger, "from": sender, "new_chat_member": {"status": "ghost"}}),
        ("guest_of_honour", {"from": sender}),
    ]


async def _strike(ground: Ground) -> None:
    until = asyncio.get_running_loop().time() + ground.length
    while asyncio.get_running_loop().time() < until:
        for kind, body in _odd(ground.culprit()):
            ground.api.odd(kind, body)
        await asyncio.sleep(3)


UPDATES = Fault("updates", _strike)
