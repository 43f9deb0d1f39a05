"""The dialog of a file that is read while its sender waits: it is asked for until one comes that can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any, TypeVar

from handlers.engine.chat import Chat
from handlers.engine.questions import Document
from handlers.engine.world import World
from handlers.files.keeping import keep
from handlers.files.process import aside
from handlers.files.reader import ENDINGS, TABLES
from handlers.files.spreadsheets import XLSX
from handlers.reading import Unreadable
from storage.mail.messages import SentFile

T = TypeVar("T")

MOST_SHOWN = 2
"""Refused rows that a preview names; all of them are in the file that goes back."""
AGAIN = "有误的行改好后，整个文件再发一次就行。"
NOTHING_DONE = "没有导入。"

_TEMPLATE = "template"
_BYTES_A_ROW = 40
"""About as many as a packed row has at least."""


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


async def read_sent(world: World, sent: SentFile, *, read: Callable[..., T], **options: Any) -> T:
    """What `read` makes of a file's bytes, its name and these options. Raises what it raises, Unreadable above all."""
    return await read_kept(world, sent.sha256, sent.name, read=read, **options)


async def read_kept(world: World, sha256: str, name: str, *, read: Callable[..., T], **options: Any) -> T:
    """Like `read_sent`, for a file of the store of files."""
    content = await asyncio.to_thread(world.media.read, sha256)
    return await aside(read, content, name, **options, rows=len(content) // _BYTES_A_ROW)


def result_name(file_name: str, what: str) -> str:
    """The name of the file that goes back: 台账-导入结果.xlsx."""
    return f"{PurePath(file_name).stem}-{what}.xlsx"
