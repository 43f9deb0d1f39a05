"""`cunbao chat`: the same conversations in a terminal, also from a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence

import click

from bot.commands import tell
from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Worker
from bot.demo.town import marked
from bot.errors import CannotStart, OperatorError
from bot.platforms.terminal import TerminalPlatform, bind_terminal, lines_of, release_terminal
from bot.service.clock import system_clock
from bot.setup.folder_lock import LockHeld, hold_lock
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings, load_settings
from bot.web.headings import title_of
from handlers.engine.world import PlatformInfo
from storage.database.base import from_base36, to_base36
from storage.database.transaction import transaction
from storage.mail.messages import Incoming
from storage.people.persons import People, Person, officials

_HELD_BACK = 0.1
"""Seconds until the next look for a message that is held back after a failure."""

_SHOWN = 20


class NoSuchPerson(OperatorError):
    """No person, or several, of that name."""

    exit_code = 2


@click.command("chat")
@click.option("--as", "name", required=True, help="以谁的身份：姓名；重名时用列出的编号。")
def command(name: str) -> None:
    """在终端里办事；也可从管道一行一句输入，输出对话记录。"""
    asyncio.run(_chat(load_settings(), name))


async def _chat(settings: Settings, name: str) -> None:
    async with open_installation(settings, tell) as installation:
        person = await _find(installation, name)
        try:
            with hold_lock(settings.data_dir / f"chat-{to_base36(person.id)}.lock"):
                await _talk(installation, person)
        except LockHeld:
            raise CannotStart(f"{person.name}已在另一个终端里。请先退出那一个。") from None


async def _talk(installation: Installation, person: Person) -> None:
    piped = not sys.stdin.isatty()
    lines = lines_of(_typed_lines())
    world = installation.world
    platform = TerminalPlatform(person.id, installation.database, world.media, system_clock, lines, click.echo, echo=piped)
    world.platforms[platform.name] = PlatformInfo("终端")
    sender = Sender(installation.database, [platform], system_clock, platform.name)
    worker = Worker(installation.database, world, [platform.name], system_clock, lambda _: sender.wake())
    intake = Intake(installation.database, system_clock, worker.wake)
    async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "chat") as session:
        await bind_terminal(session, platform.address, person_id=person.id)
    await sender.adopt()
    try:
        await (_piped if piped else _typed)(platform, intake, worker, sender)
    finally:
        async with transaction(installation.database, system_clock()) as tx, tx.session("operator", "chat") as session:
            await release_terminal(session, platform.address, person_id=person.id)


async def _piped(platform: TerminalPlatform, intake: Intake, worker: Worker, sender: Sender) -> None:
    """Take the next line when everything that follows from the last has been shown."""

    async def settle() -> None:
        while True:
            while await worker.work():
                pass
            await sender.drain()
            if not await platform.waiting():
                return
            await asyncio.sleep(_HELD_BACK)

    async def put(messages: Sequence[Incoming]) -> None:
        await intake.put(messages)
        await settle()

    await settle()
    await platform.receive(put)


async def _typed(platform: TerminalPlatform, intake: Intake, worker: Worker, sender: Sender) -> None:
    """Talk until Ctrl-D, and show what others cause as it comes."""
    click.echo("输入文字或编号，发送 /help 看能办什么，Ctrl-D 退出。")
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(worker.run()), group.create_task(sender.run(idle_seconds=0.3))]
        await platform.receive(intake.put)
        for task in working:
            task.cancel()


def _typed_lines() -> Iterator[str]:
    """Standard input, unbuffered: a buffer's lock, held by the reading thread, would keep the interpreter from ending."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as source:
        for line in source:
            yield line.decode("utf-8", "replace")


async def _find(installation: Installation, name: str) -> Person:
    async with transaction(installation.database, system_clock()) as tx, tx.session() as session:
        people = People(session)
        found = await people.named(name) or await people.named(marked(name))
        if not found and (by_number := await _numbered(people, name)):
            found = [by_number]
        others = found or [official.person for official in await officials(tx.conn, tx.damage)]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(
        f"  {person.name}({title_of(installation.world.plan, person)})  --as {to_base36(person.id)}"
        for person in others[:_SHOWN]
    )
    if found:
        raise NoSuchPerson(f"有 {len(found)} 个{name}，请用编号：\n{listed}")
    if not others:
        raise NoSuchPerson("还没有人加入。先用 cunbao invite 邀请，或用 cunbao demo 试用。")
    raise NoSuchPerson(f"没有叫“{name}”的人。在册的有：\n{listed}")


async def _numbered(people: People, number: str) -> Person | None:
    try:
        person_id = from_base36(number)
    except ValueError:
        return None
    return await people.get(person_id) if person_id < 2**63 else None
