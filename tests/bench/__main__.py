"""`make bench`: every performance figure, against a peer or a limit, in one run of at most ten minutes on loopback."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

os.environ.setdefault("PTB_TIMEDELTA", "1")

import uvloop

from tests.bench import (
    charts,
    claims,
    help,
    hostile_file,
    http,
    latency,
    notices,
    overview,
    peers,
    screening,
    steps,
    understanding,
)
from tests.support.figures import Figure, at_least, at_most, report

RESULT = Path("build/bench.json")

CHATS = 400
MANY = 2_000
ROUNDS = 3

PAIRS = 5
"""Interleaved rounds of ours and a peer; the one whose ratio is in the middle counts."""

Measure = Callable[[], Awaitable[float]]


async def _middle(*measures: Measure) -> list[float]:
    """Measure each in turn, several times over, so that a slow moment of the machine meets all; the middle of each."""
    rounds = [[await measure() for measure in measures] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


async def _steps() -> list[Figure]:
    rounds = [(await steps.rate(18_000, CHATS), await peers.plain_conversation_handler(6_000, CHATS)) for _ in range(PAIRS)]
    ours, plain = sorted(rounds, key=lambda one: one[0] / one[1])[PAIRS // 2]
    many = await steps.rate(12_000, MANY)
    flushed = await peers.flushed_conversation_handler(300, MANY)
    grown, small = await _middle(
        lambda: steps.rate(12_000, CHATS, known_chats=100_000, reminders=1_000_000),
        lambda: steps.rate(12_000, CHATS, known_chats=1_000, reminders=1_000),
    )
    [wait] = await _middle(lambda: latency.reply_p99(ours / 4, CHATS, 12))
    return [
        at_least("steps_vs_ptb_plain", ours / plain, "x", 1.0, f"ours {ours:.0f}/s, PTB without persistence {plain:.0f}/s"),
        at_least("steps_vs_ptb_flushed", many / flushed, "x", 15, f"{MANY} chats: ours {many:.0f}/s, PTB {flushed:.0f}/s"),
        at_most("reply_p99", wait, "ms", 50, f"stored to sent, at {ours / 4:.0f} messages/s"),
        at_least("growth", grown / small, "x", 0.9, f"100,000 chats, 1,000,000 reminders {grown:.0f}/s; 1,000 {small:.0f}/s"),
    ]


async def _http() -> list[Figure]:
    ours, one_by_one, concurrent = await _middle(
        lambda: http.rate(15, CHATS),
        lambda: peers.polling_echo(1_500, CHATS),
        lambda: peers.polling_echo(1_500, CHATS, concurrent_updates=32),
    )
    peer = max(one_by_one, concurrent)
    slow = await http.rate(8, CHATS, delay=0.04)
    slow_peer = await peers.polling_echo(100, 100, delay=0.04)
    return [
        at_least(
            "http_vs_ptb", ours / peer, "x", 2.5, f"ours {ours:.0f}/s, PTB {one_by_one:.0f}/s, 32 at once {concurrent:.0f}/s"
        ),
        at_least("http_slow_vs_ptb", slow / slow_peer, "x", 20, f"40 ms a call: ours {slow:.0f}/s, PTB {slow_peer:.0f}/s"),
    ]


async def _claims() -> list[Figure]:
    few, many = await claims.seconds_to_claim(10_000), await claims.seconds_to_claim(1_000_000)
    detail = f"1,000 due of 10,000: {few * 1000:.1f} ms; of 1,000,000: {many * 1000:.1f} ms"
    return [at_most("claim_growth", many / few, "x", 1.5, detail)]


async def _all() -> list[Figure]:
    parts = (
        help.figures,
        _steps,
        _http,
        _claims,
        overview.figures,
        screening.figures,
        hostile_file.figures,
        understanding.figures,
        notices.figures,
        charts.figures,
    )
    found = []
    for part in parts:  # each is shown as it comes: what was measured outlives a part that fails
        for figure in await part():
            print(f"{figure.name} {figure.value:.3g}", flush=True)
            found.append(figure)
    return found


if __name__ == "__main__":
    sys.exit(0 if report(uvloop.run(_all()), RESULT) else 1)
