"""A Telegram Bot API server on the loopback for tests, soak and bench, with faults on request.

In-process it is an object: `async with BotApi() as api`, point a bot at `api.base_url` and
`api.base_file_url`, and play the phones with `api.say(...)`, `api.press(...)`, `await api.next_message(...)`.
As its own process it is `python -m tests.support.botapi`, which prints its addresses as one JSON line and takes the
same calls, with the same argument names, as JSON posted to `/control/<call>`; see `RemoteBotApi`.

Method names and limits are those of the public Bot API documentation, error texts those its server gives.
"""

from tests.support.botapi.remote import RemoteBotApi
from tests.support.botapi.server import BotApi
from tests.support.botapi.values import TOKEN, ApiError, Call, Faults, Message

__all__ = ["TOKEN", "ApiError", "BotApi", "Call", "Faults", "Message", "RemoteBotApi"]
