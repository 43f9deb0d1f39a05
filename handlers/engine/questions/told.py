"""Words with what shows them: photos and a position may come before the words or with them, in one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Question, Stale, refuse_voice
from handlers.engine.questions.shown import Evidence
from handlers.engine.said import Said
from handlers.rules.reading import Unreadable

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

MOST_PHOTOS = 5
_LONGEST = 500
_TOLD = 30


class Told(Evidence):
    """What somebody says, and what came along with it."""

    text: str


@dataclass(frozen=True)
class Account(Question[Told]):
    """Words; photos and a position may come before them or with them."""

    prompt: str
    example: str
    optional: bool = False

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        given = gathered(said, partial)
        if not said.text:
            refuse_voice(said)
            if given is None:
                raise Unreadable(said.trouble or f"请用一句话说说，例如：{self.example}")
            return More(given, said.trouble or f"收到{described(given)}。再用一句话说说，例如：{self.example}")
        if len(said.text) > _LONGEST:
            raise Unreadable(f"有点长了({len(said.text)} 字)，请精简到 {_LONGEST} 字以内再发一次。")
        return Answer({**(given or partial or {}), "text": said.text})

    def restore(self, raw: Any) -> Told:
        try:
            return Told.model_validate(raw)
        except ValueError:
            raise Stale from None

    def tell(self, raw: Any) -> str:
        line = " ".join(raw["text"].split())
        return f"{line if len(line) <= _TOLD else line[: _TOLD - 1] + '…'}{described(raw)}"


def gathered(said: Said, partial: dict[str, Any] | None) -> dict[str, Any] | None:
    """What has been shown so far with this message's photos and position; None when it brings none."""
    photos = [file.sha256 for file in said.files if file.kind == "photo"]
    if not photos and said.place is None:
        return None
    given = dict(partial or {})
    given["photos"] = list(dict.fromkeys([*given.get("photos", ()), *photos]))[:MOST_PHOTOS]
    if said.place is not None:
        given["place"] = said.place.model_dump()
    return given


def described(given: dict[str, Any]) -> str:
    """The photos and the position, in words."""
    photos = f" {len(given['photos'])} 张照片" if given.get("photos") else ""
    return photos + (" 定位" if given.get("place") else "")
