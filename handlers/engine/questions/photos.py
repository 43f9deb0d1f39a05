"""Questions answered with photos or a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.engine.questions.base import Answer, More, Prompt, Question, in_rows, restore_record
from handlers.engine.said import DONE, Said
from handlers.reading import Unreadable
from storage.database.base import Record
from storage.mail.messages import Place

if TYPE_CHECKING:
    from handlers.engine.chat import Chat


MOST_VOICES = 5


class Voice(Record):
    """A kept voice message; `seconds` is 0 if the phone did not tell."""

    sha256: str
    seconds: int = 0


class Evidence(Record):
    """Photos (sha256 of kept files), a place, voice messages; any of them may be missing."""

    photos: tuple[str, ...] = ()
    place: Place | None = None
    voices: tuple[Voice, ...] = ()

    @property
    def spoken(self) -> tuple[str, ...]:
        """The sha256 of the voice messages."""
        return tuple(voice.sha256 for voice in self.voices)


@dataclass(frozen=True)
class Photos(Question[Evidence]):
    """Photos and, where it helps, a position; sent one by one, then "done". `with_voice`: voice messages are kept as well."""

    most: int = 5
    with_place: bool = True
    with_voice: bool = False
    keeps = True
    short = "照片"

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        given = _describe(partial)
        text = f"{self.prompt}\n已收到{given}。" if given else self.prompt
        return Prompt(text, in_rows([(DONE, "发完了")], 1) if given else [], "photos")

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        given = dict(partial or {"photos": [], "place": None})
        if said.pick == DONE:
            if not given["photos"] and not given["place"] and not given.get("voices"):
                raise Unreadable("还没有收到照片。请拍一张发来" + ("，或回复：跳过" if self.optional else "。"))
            return Answer(given)
        photos = [file.sha256 for file in said.files if file.kind == "photo"]
        voices = voices_in(said) if self.with_voice else []
        if voices:
            given["voices"] = merge_voices(given.get("voices"), voices)
        if said.place and self.with_place:
            given["place"] = said.place.model_dump()
        elif not photos and not voices:
            raise Unreadable(said.trouble or ("这里请发照片" + ("或定位。没有就回复：跳过" if self.optional else "。")))
        given["photos"] = list(dict.fromkeys([*given["photos"], *photos]))
        if len(given["photos"]) > self.most:
            given["photos"] = given["photos"][: self.most]
            return More(given, f"最多 {self.most} 张，已留下前 {self.most} 张。发完请回复：完成")
        if len(given["photos"]) == self.most:
            return Answer(given)
        return More(given, said.trouble)

    def restore(self, raw: Any) -> Evidence:
        return restore_record(Evidence, raw)

    def in_words(self, raw: Any) -> str:
        return _describe(raw).strip() or "无"


class Position(Question[Place]):
    """A position from the phone."""

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, wants="place")

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if said.place is None:
            raise Unreadable(
                "请用手机发送定位：点附件（回形针）里的「位置」。" + ("不方便就回复：跳过" if self.optional else "")
            )
        return Answer(said.place.model_dump())

    def restore(self, raw: Any) -> Place:
        return restore_record(Place, raw)

    def in_words(self, raw: Any) -> str:
        return f"{raw['latitude']:.4f}, {raw['longitude']:.4f}"


def voices_in(said: Said) -> list[dict[str, Any]]:
    """The voice messages of a message, as they are kept in an answer."""
    return [{"sha256": file.sha256, "seconds": file.seconds} for file in said.files if file.kind == "voice"]


def merge_voices(known: list[dict[str, Any]] | None, fresh: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The voice messages so far and the new ones; the same sent twice counts once."""
    return list({voice["sha256"]: voice for voice in [*(known or ()), *fresh]}.values())[:MOST_VOICES]


def voice_in_words(seconds: int) -> str:
    """A voice message in words: "语音 12 秒"."""
    return f"语音 {seconds} 秒" if seconds else "语音"


def _describe(given: dict[str, Any] | None) -> str:
    if not given:
        return ""
    photos, voices = given.get("photos"), given.get("voices")
    parts = [
        f" {len(photos)} 张照片" if photos else "",
        f" {len(voices)} 条语音" if voices else "",
        "定位" if given.get("place") else "",
    ]
    return "和".join(part for part in parts if part)
