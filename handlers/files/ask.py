"""The dialog of a file that is read while its sender waits: it is asked for until one comes that can be read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar

from handlers.engine.chat import Chat
from handlers.engine.questions import Document
from handlers.engine.world import World
from handlers.files.keeping import keep
from handlers.files.outside import process_for, read_outside
from handlers.files.reader import ENDINGS, TABLES
from handlers.files.spreadsheets import XLSX
from handlers.reading import Unreadable, shortened
from storage.files.media import AlteredFile
from storage.mail.messages import SentFile

T = TypeVar("T")

MOST_SHOWN = 2
"""Refused rows that a preview names; all of them are in the file that goes back."""
AGAIN = "有误的行改好后，整个文件再发一次就行。"
NOTHING_DONE = "没有导入。"

_TEMPLATE = "template"
_MANY_ROWS = 1_000
"""From here on it is said how many they are."""


@dataclass(frozen=True, slots=True)
class Template:
    """The form that is sent on request: its file name, a word about it, and how its bytes are made."""

    file_name: str
    make: Callable[[], Awaitable[bytes]]
    about: str = "这是模板，填好发回来。"


def table_file(prompt: str) -> Document:
    """The question for a table."""
    return Document(prompt, ENDINGS, passed_on=TABLES)


async def ask_for_file(
    chat: Chat,
    question: Document,
    *,
    preview: Callable[[SentFile], Awaitable[Mapping[str, Any]]],
    template: Template | None = None,
) -> tuple[SentFile, Mapping[str, Any]]:
    """A file that can be read, and what `preview` says of it, as JSON; it raises Unreadable for one that can't be."""
    instead = [(_TEMPLATE, "要模板")] if template else []
    prompt, turn = question.prompt, 0
    while True:
        turn += 1
        sent = await chat.ask(f"file{turn}", replace(question, prompt=prompt, instead=instead))
        if isinstance(sent, SentFile):
            seen = await chat.recall(f"seen{turn}", partial(_seen, preview, sent))
            if "trouble" not in seen:
                return sent, seen
            prompt = seen["trouble"]
        elif template is not None:
            made = await chat.recall(f"template{turn}", partial(_kept, chat, template))
            await chat.say(template.about, file=made, file_name=template.file_name)
            prompt = "请发填好的表格。"


async def _seen(preview: Callable[[SentFile], Awaitable[Mapping[str, Any]]], sent: SentFile) -> Mapping[str, Any]:
    try:
        return await preview(sent)
    except Unreadable as error:
        return {"trouble": str(error)}


async def _kept(chat: Chat, template: Template) -> str:
    return await keep(chat.store, chat.world, content=await template.make(), content_type=XLSX)


async def read_sent(chat: Chat, sent: SentFile, *, read: Callable[..., T], **options: Any) -> T:
    """What `read` makes of a file's bytes, its name and these options, or what it raises: Unreadable above all.

    It is read outside this step; see `Chat.aside`.
    """
    about = _About(sent.name)
    make = partial(read_kept, chat.world, sent.sha256, sent.name, read=read, declared=about.declared, **options)
    return await chat.aside(("read", read, sent.sha256, sent.name, options), make, told=about.told)


async def read_kept(
    world: World,
    sha256: str,
    name: str,
    *,
    read: Callable[..., T],
    declared: Callable[[int], None] | None = None,
    **options: Any,
) -> T:
    """As `read_sent`, for whoever is in no talk and in no transaction. `declared` hears of how many rows there are."""
    try:
        content = await world.media.fetch(sha256)
    except FileNotFoundError:
        raise Unreadable("文件没有收全，请再发一次。") from None
    except AlteredFile:
        raise Unreadable("这个文件打不开了，请再发一次。") from None
    return await read_outside(read, content, name, process=process_for(content, name), declared=declared, **options)


class _About:
    """What is said of a file that takes long to read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = 0

    def declared(self, rows: int) -> None:
        self._rows = rows

    def told(self) -> str:
        named = f"「{shortened(self._name, 24)}」" if self._name else "这个文件"
        return f"正在读{named}{_about(self._rows)}，读好就告诉您，不用再发。"


def _about(rows: int) -> str:
    if rows < _MANY_ROWS:
        return ""
    return f"，约 {rows / 10_000:.1f} 万行".replace(".0 ", " ") if rows >= 10_000 else f"，约 {round(rows, -3)} 行"


def result_name(file_name: str, what: str) -> str:
    """The name of the file that goes back: 台账-导入结果.xlsx."""
    return f"{PurePath(file_name).stem}-{what}.xlsx"
