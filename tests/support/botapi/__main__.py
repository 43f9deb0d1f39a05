"""Serve until told to stop; prints the addresses as one JSON line."""

import argparse
import asyncio
import contextlib
import json
import sys

import uvloop

from tests.support.botapi import TOKEN, BotApi, Faults


async def _main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram Bot API server on the loopback for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--faults", type=json.loads, default={}, help='JSON, for example {"throttle": 0.05, "seed": 7}')
    parser.add_argument("--known-only", action="store_true", help="refuse sends to users who never wrote")
    parser.add_argument("--no-recording", action="store_true", help="keep no list of calls, for load tests")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that started this")
    options = parser.parse_args()
    api = BotApi(
        token=options.token, faults=Faults(**options.faults), known_only=options.known_only, recording=not options.no_recording
    )
    await api.start(port=options.port)
    told = {"address": api.address, "base_url": api.base_url, "base_file_url": api.base_file_url, "token": api.token}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    if options.until_stdin_closes:
        await asyncio.to_thread(sys.stdin.read)
    else:
        await asyncio.Event().wait()
    await api.stop()


with contextlib.suppress(KeyboardInterrupt):
    uvloop.run(_main())
