"""One message as a question sees it: its words, or which option was picked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from handlers.reading import tidy
from storage.mail.messages import Incoming, Place, SentFile

BACK, CANCEL, SKIP, LATER, DONE = "~back", "~cancel", "~skip", "~later", "~done"

_WORDS = {
    "上一步": BACK, "返回": BACK, "/back": BACK,
    "取消": CANCEL, "不报了": CANCEL, "/cancel": CANCEL,
    "跳过": SKIP, "略过": SKIP, "/skip": SKIP,
    "稍后": LATER, "以后再说": LATER, "等会儿": LATER, "/later": LATER,
    "选好了": DONE, "发完了": DONE, "完成": DONE, "好了": DONE, "没有了": DONE,
}  # fmt: skip
LABELS = {BACK: "上一步", CANCEL: "取消", SKIP: "跳过", LATER: "稍后", DONE: "完成"}


@dataclass(frozen=True, slots=True)
class Said:
    """`pick` is the value of a pressed option or one of the words that work at every question."""

    text: str = ""
    pick: str | None = None
    files: tuple[SentFile, ...] = ()
    place: Place | None = None
    phone: str | None = None
    pressed: str | None = None
    trouble: str | None = None
    at: datetime | None = None
    """When it was written; None for what nobody wrote."""

    @classmethod
    def of(cls, message: Incoming, pick: str | None = None) -> Said:
        text = tidy(message.text or "")
        return cls(
            text, pick or _WORDS.get(text), message.files, message.place,
            message.contact_phone, message.pressed if message.choice else None, message.trouble, message.at,
        )  # fmt: skip
