"""Shared by the conversations and the job of notices 通知: the message of a notice, and its progress in words."""

from __future__ import annotations

from pathlib import PurePath

from handlers.reading import shortened
from handlers.wording.people import role_in_words
from storage.database.base import to_base36
from storage.mail.messages import Button, Outgoing
from storage.notices.receipts import NoticeFigures
from storage.notices.sent import OUT, Notice
from storage.plan import Plan

AGAIN, FILE, UNREACHED = "again", "file", "out"
"""What may follow a notice in a command."""


def notice_message(plan: Plan, notice: Notice, *, along: bool, passed_on: str = "", again: bool = False) -> Outgoing:
    """The message that a receiver gets. The file goes `along`, or is fetched with a button."""
    head = "【通知·再提醒一次】" if again else "【通知】"
    office = role_in_words(plan, notice.role, region=notice.region)
    ask = "\n看到了请点「收到」。" if notice.expects else ""
    sends = along and not again and notice.file
    return Outgoing(
        text=f"{head}{notice.words}\n——{office}{passed_on}{ask}",
        buttons=notice_buttons(notice, with_file=not sends),
        file=notice.file if sends else None,
        file_name=file_name(notice) if sends else "",
    )


def notice_buttons(notice: Notice, *, with_file: bool, confirmed: bool = False) -> tuple[tuple[Button, ...], ...]:
    """The buttons of a notice; `with_file`: with one that fetches its file, if it has one."""
    key = to_base36(notice.id)
    row = [Button(label="✓ 已收到" if confirmed else "收到", says=f"/received {key}")] if notice.expects else []
    if notice.file and with_file:
        row.append(Button(label=f"看附件 {shortened(notice.file_name, 12)}", says=f"/received {key} {FILE}"))
    return (tuple(row),) if row else ()


def file_name(notice: Notice) -> str:
    """Under which name its file is sent: none for a photo or a voice message, which is shown and not kept."""
    return notice.file_name if PurePath(notice.file_name).suffix else ""


def notice_button(notice_id: int, label: str = "通知情况", more: str = "") -> Button:
    """`more` is what follows the notice in the command."""
    return Button(label=label, says=f"/notices {to_base36(notice_id)} {more}".rstrip())


def progress_in_words(notice: Notice, figures: NoticeFigures) -> str:
    """Such as "已送达 30 人，已收到 18 人"."""
    parts = [f"已送达 {figures.delivered} 人"]
    if notice.expects:
        parts.append(f"已收到 {figures.confirmed} 人")
    if notice.state != OUT and not notice.repeated_at:
        parts.insert(0, "正在发")
    return "，".join(parts)
