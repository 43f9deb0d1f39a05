"""A question answered in words; photos, a position or voice messages may come before or with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from handlers.engine.questions.base import Answer, More, Prompt, Question, refuse_voice, restore_record
from handlers.engine.questions.photos import Evidence, merge_voices, voice_in_words, voices_in
from handlers.engine.said import Said
from handlers.reading import Unreadable, shortened

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

MOST_PHOTOS = 5
_LONGEST = 500


class EvidencedText(Evidence):
    """Words and the evidence that came with them. For a voice message alone the text is such as "语音 12 秒"."""

    text: str


@dataclass(frozen=True)
class TextWithEvidence(Question[EvidencedText]):
    """Words; photos and a position may come before them or with them.

    `voice`: what becomes of a voice message. "enough" is for households: it is the answer. "kept" is for cadres: words are
    asked as well, since lists and ledgers can't be listened to. "refused": with a hint how to write by speaking.
    """

    example: str
    voice: Literal["refused", "kept", "enough"] = "refused"
    short = "情况"

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        return Prompt(self.prompt, wants="voice" if self.voice == "enough" else "")

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        given = add_evidence(said, partial)
        if voices := voices_in(said) if self.voice != "refused" else []:
            given = {**(given or partial or {}), "voices": merge_voices((partial or {}).get("voices"), voices)}
        if not said.text:
            if voices and self.voice == "enough":
                return Answer({**(given or {}), "text": voice_in_words(voices[0]["seconds"])})
            if self.voice == "refused":
                refuse_voice(said)
            if given is None:
                refused = "这里收不了文件，照片可以。" if any(file.kind == "document" for file in said.files) else ""
                raise Unreadable(said.trouble or f"{refused}请用一句话说说，例如：{self.example}")
            return More(given, said.trouble or f"收到{evidence_note(given)}。再用一句话说说，例如：{self.example}")
        if len(said.text) > _LONGEST:
            raise Unreadable(f"有点长了（{len(said.text)} 字），请精简到 {_LONGEST} 字以内再发一次。")
        return Answer({**(given or partial or {}), "text": said.text})

    def restore(self, raw: Any) -> EvidencedText:
        return restore_record(EvidencedText, raw)

    def in_words(self, raw: Any) -> str:
        return f"{shortened(raw['text'], 30)}{evidence_note(raw)}"


def add_evidence(said: Said, partial: dict[str, Any] | None) -> dict[str, Any] | None:
    """The evidence so far with this message's photos and position added; None if it brings none."""
    photos = [file.sha256 for file in said.files if file.kind == "photo"]
    if not photos and said.place is None:
        return None
    given = dict(partial or {})
    given["photos"] = list(dict.fromkeys([*given.get("photos", ()), *photos]))[:MOST_PHOTOS]
    if said.place is not None:
        given["place"] = said.place.model_dump()
    return given


def evidence_note(given: dict[str, Any]) -> str:
    """The evidence in words: " 2 张照片 1 条语音 定位"."""
    photos = f" {len(given['photos'])} 张照片" if given.get("photos") else ""
    beside = voices_beside(given.get("text", ""), [voice["seconds"] for voice in given.get("voices", ())])
    voices = f" {beside} 条语音" if beside else ""
    return photos + voices + (" 定位" if given.get("place") else "")


def voices_beside(text: str, seconds: Sequence[int]) -> int:
    """The number of voice messages without the one that `text` stands for."""
    return len(seconds) - (text in map(voice_in_words, seconds))
