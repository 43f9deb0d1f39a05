"""What the README prints under "Try it", played on the demo's invented town."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from bot.commands.service.demo import prepare
from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Worker
from bot.demo.fill import make_demo_data
from bot.platforms.web import WebPlatform
from bot.service.clock import system_clock
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import load_settings
from storage.database.base import new_id
from storage.database.reading import Damage
from storage.mail import transcripts
from storage.mail.messages import Incoming
from tests.support.commands import cunbao
from tests.support.paths import ROOT

TRY_IT = (ROOT / "README.md").read_text("utf-8").partition("## Try it")[2].partition("\n## ")[0]
ON_THE_HOUSEHOLDS, ON_THE_CADRES = re.findall(r"Say (\S+) on\s+the\s+(?:household's|cadre's)", TRY_IT)
COMMAND = re.search(r"^CUNBAO_DATA_DIR=data/demo \.venv/bin/cunbao (.+)$", TRY_IT, re.MULTILINE)


async def shown_after(installation: Installation, address: str, *words: str) -> dict[str, str]:
    """What stands on the three phones once somebody has said these words, by address."""
    database, world = installation.database, installation.world
    sender = Sender(database, [WebPlatform(database, world.media, system_clock)], system_clock, "test")
    worker = Worker(database, world, ["web"], system_clock, lambda _: None)
    intake = Intake(database, system_clock, worker.wake)
    for one in words:
        await intake.put([Incoming(address=address, key=f"test:{new_id()}", at=system_clock(), text=one)])
        while await worker.work():
            await sender.drain()
    pages = {}
    async with database.read() as conn:
        for phone in ("web:demo-household", "web:demo-village", "web:demo-town"):
            lines = await transcripts.recent(conn, database.vault, phone, Damage())
            pages[phone] = "\n".join(line.shown.text or "" for line in lines)
    return pages


async def test_what_the_readme_prints_works(tmp_path: Path) -> None:
    settings, plan = prepare(tmp_path / "demo", load_settings(data_dir=tmp_path))
    async with open_installation(settings, lambda _: None, plan=plan) as installation:
        made = await make_demo_data(installation.database, plan, now=system_clock(), households=200)
        pages = await shown_after(installation, "web:demo-household", ON_THE_HOUSEHOLDS, "提交")
        assert f"收到了，编号 {made.clues + 1}" in pages["web:demo-household"]
        assert "农户自报" in pages["web:demo-village"]
        pages = await shown_after(installation, "web:demo-village", ON_THE_CADRES, "提交")
        assert f"已上报，编号 {made.clues + 2}" in pages["web:demo-village"]
    assert COMMAND is not None
    talk = await asyncio.to_thread(cunbao, settings.data_dir, *COMMAND[1].split(), says=f"{made.clues + 2}号线索\n")
    assert talk.returncode == 0, talk.stderr
    assert "张三家" in talk.stdout
