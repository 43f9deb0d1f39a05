"""The terminal as a platform: one person types or pipes lines, answers are printed as plain text.

Each person at a terminal is a platform of their own. So several terminals can be open beside each other and beside the
service, and each prints what is meant for its person alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from bot.platforms.base import Platform, Put, Unstorable
from bot.service.clock import Clock
from bot.web import bodies, uploads
from storage.database.base import new_id, to_base36
from storage.database.connection import Database
from storage.database.session import Session
from storage.files import media
from storage.files.media import MediaStore
from storage.mail.chats import Chats, chat_row, chats
from storage.mail.inbox import NEW, inbox
from storage.mail.messages import Button, Incoming, Outgoing, Place, SentFile, platform_of
from storage.mail.outbox import Letter

_HINTS = {"": "", "photos": "（发照片：@照片路径）", "place": "（发定位：@纬度，经度）", "contact": "", "voice": ""}


def address_of(person_id: int) -> str:
    """The chat of a person at a terminal. A platform's name has at most 16 characters; an id in base 36 takes 13."""
    return f"tty{to_base36(person_id)}:1"


@dataclass(eq=False)
class TerminalPlatform(Platform):
    """Brings in `lines` and shows answers by `show`; `echo` repeats the person's lines, for a transcript."""

    person_id: int
    database: Database
    media: MediaStore
    clock: Clock
    lines: AsyncIterator[str]
    show: Callable[[str], None]
    echo: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        self.address = address_of(self.person_id)
        self.name = platform_of(self.address)

    async def receive(self, put: Put) -> None:
        """Until the lines end. `put` may do more than store: with piped lines it waits until all is answered."""
        async for line in self.lines:
            text = line.strip()
            if text:
                if self.echo:
                    self.show(f"> {text}")
                try:
                    await put([await self._message(text)])
                except Unstorable:
                    self.show("这条存不下来，请换个说法再发一次。")

    async def send(self, letter: Letter) -> str | None:
        shown = render(letter.message)
        if shown:
            self.show(shown)
        return str(letter.id)

    async def waiting(self) -> bool:
        """Whether something said has not been worked on yet."""
        query = sa.select(inbox.c.id).where(inbox.c.platform == self.name, inbox.c.state == NEW).limit(1)
        async with self.database.read() as conn:
            return (await conn.execute(query)).first() is not None

    async def _message(self, text: str) -> Incoming:
        message = Incoming(address=self.address, key=f"{self.name}:{new_id()}", at=self.clock(), text=text)
        if not text.startswith("@"):
            return message
        named = text[1:].strip()
        with contextlib.suppress(ValueError):
            latitude, longitude = (float(part) for part in named.replace("，", ",").split(","))
            return message.model_copy(update={"text": None, "place": Place(latitude=latitude, longitude=longitude)})
        try:
            content = await asyncio.to_thread(_content, named)
            kept = await uploads.examined(content, Path(named).name, whose=self.address)
        except OSError as error:
            return message.model_copy(update={"text": None, "trouble": f"文件 {named} 读不了：{error.strerror}"})
        except uploads.Unknown as error:
            trouble = str(error) or f"{named} 不是照片，也不是表格、Word、PDF 或文字文件"
            return message.model_copy(update={"text": None, "trouble": trouble})
        except bodies.TooLarge:
            return message.model_copy(update={"text": None, "trouble": f"文件 {named} 太大"})
        sha256 = await media.keep(self.database, self.media, kept.content, content_type=kept.content_type, now=self.clock())
        file = SentFile(sha256=sha256, kind=kept.kind, name=Path(named).name)
        return message.model_copy(update={"text": None, "files": (file,)})


def _content(named: str) -> bytes:
    return Path(named).expanduser().read_bytes()


def render(message: Outgoing) -> str:
    """A message as lines of text: options by number, commands by what to type, the words that work everywhere last."""
    if message.edits is not None and message.text is None:
        return ""
    lines = [message.text] if message.text else []
    if message.file is not None:
        lines.append(f"（附 {message.file_name or '照片'}）")
    lines += _options(button for row in message.buttons for button in row)
    lines.append(_HINTS[message.wants])
    return "\n".join(line for line in lines if line)


def _options(buttons: Iterable[Button]) -> list[str]:
    lines: list[str] = []
    words: list[str] = []
    number = 0
    for button in buttons:
        label = button.label.removeprefix("☑ ")
        if button.says.startswith("/"):
            lines.append(f"[{button.says}] {label}")
        elif button.says.rpartition(":")[2].startswith("~"):
            words.append(f"[{label.partition('（')[0]}]")
        else:
            number += 1
            label = label.removeprefix(f"{number} ")
            lines.append(f"[{number}] {'☑ ' if button.label.startswith('☑ ') else ''}{label}")
    return [*lines, " ".join(words)] if words else lines


async def bind_terminal(session: Session, address: str, *, person_id: int) -> None:
    """Bind the terminal's chat to the person, who is written to there from now on."""
    known = await session.read(sa.select(chats.c.address).where(chats.c.address == address))
    if not known:
        session.add(chats, chat_row(address, now=session.now))
    await Chats(session).bind(address, person_id)


async def release_terminal(session: Session, address: str, *, person_id: int) -> None:
    """Unbind the terminal's chat if the person has another one, and is written to there again."""
    if len(await Chats(session).of(person_id)) > 1:
        await Chats(session).sign_out(address)


async def lines_of(source: Iterable[str]) -> AsyncIterator[str]:
    """The lines of a blocking source, read by a thread that does not keep the process alive."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, nobody listens any more
            for line in source:
                loop.call_soon_threadsafe(arrived.put_nowait, line)
            loop.call_soon_threadsafe(arrived.put_nowait, None)

    threading.Thread(target=read, name="lines", daemon=True).start()
    while (line := await arrived.get()) is not None:
        yield line
