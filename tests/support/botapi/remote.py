"""The Bot API server in a process of its own."""

import asyncio
import base64
import json
import sys
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.support.paths import ROOT


class RemoteBotApi:
    """A `BotApi` in a process of its own, so that its work does not slow the bot under test.

    `options` are those of the command line. Call what `/control` offers by name, for example
    `await remote("say", user_id=1, text="好")`; messages and calls come as dicts of their fields.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self.base_url = self.base_file_url = self.address = ""

    async def __aenter__(self) -> Self:
        command = (sys.executable, "-m", "tests.support.botapi", "--until-stdin-closes", *self._options)
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        told = json.loads(await self._process.stdout.readline())
        self.address, self.base_url, self.base_file_url = (told["address"], told["base_url"], told["base_file_url"])
        self._session = aiohttp.ClientSession(self.address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        self._process.terminate()
        await self._process.wait()

    async def __call__(self, name: str, **arguments: Any) -> Any:
        """Make a control call. Raises TimeoutError where the call waits in vain, else LookupError."""
        if "content" in arguments:
            arguments["content"] = base64.b64encode(arguments["content"]).decode()
        async with self._session.post(f"/control/{name}", json=arguments) as response:
            body = await response.json()
        if body["ok"]:
            return body["result"]
        raise (TimeoutError if response.status == 408 else LookupError)(body["description"])
