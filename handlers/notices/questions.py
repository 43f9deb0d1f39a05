"""The questions of a notice 通知: its words with a file, its receivers, and the confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from handlers.engine.questions import Confirm, Question
from handlers.engine.questions.base import Answer, More, Prompt, Stale, restore_record
from handlers.engine.questions.options import EDIT, NO, YES
from handlers.engine.said import Said
from handlers.files.ask import read_sent
from handlers.files.reader import IN_A_TALK, read_sheets
from handlers.notices.name_list import ListedName, MatchedPeople, from_rows, from_text, match_people
from handlers.reading import Unreadable, clean, shortened
from storage.database.base import Record
from storage.mail.messages import SentFile
from storage.notices.addressees import Holder

if TYPE_CHECKING:
    from handlers.engine.chat import Chat

LONGEST = 1_000
_KINDS = {"photo": "照片", "document": "文件", "voice": "语音"}
_TABLE, _TEXT = ".xlsx", (".txt", ".csv")
QUIETLY = "quietly"
_GO = ("发送", "发", "发吧", "发出去")


class NoticeText(Record):
    """What a notice says, and the file that goes with it."""

    text: str
    file: str | None = None
    file_name: str = ""


class NoticeWriting(Question[NoticeText]):
    """Words; a photo, document or voice message may come before them or with them."""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        given = {"file": said.files[-1].sha256, "file_name": _name(said.files[-1])} if said.files else partial or {}
        if not said.text:
            if not said.files:
                raise Unreadable(said.trouble or "请把要通知的话发来，例如：明天上午九点在镇里开会")
            return More(given, f"收到{given['file_name']}。再发一句通知的话，例如：请看附件，按时参加")
        if len(said.text) > LONGEST:
            raise Unreadable(f"有点长了（{len(said.text)} 字），请精简到 {LONGEST} 字以内，长的放进附件。")
        return Answer({**given, "text": said.text})

    def restore(self, raw: Any) -> NoticeText:
        return restore_record(NoticeText, raw)

    def in_words(self, raw: Any) -> str:
        return shortened(raw["text"], 30) + (f" 📎{raw['file_name']}" if raw.get("file") else "")


@dataclass(frozen=True)
class NameList(Question[MatchedPeople]):
    """People named in words, or in a table that is sent; only those with a post in `region` can be meant."""

    region: str = ""

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        villages = {village.name: village.code for village in chat.world.plan.villages}
        sent = next((file for file in said.files if file.kind == "document"), None)
        if sent is None and not said.text:
            raise Unreadable(said.trouble or "请发姓名，用顿号隔开，例如：张三、李四。也可以发 .xlsx 名单。")
        entries = await _of_file(sent, villages, chat) if sent else from_text(said.text, villages)
        found = await self._found(entries, chat)
        if not found.people:
            raise Unreadable(f"一个也没对上。{left_out(found)}")
        return Answer(asdict(found))

    def restore(self, raw: Any) -> MatchedPeople:
        try:
            return MatchedPeople(**raw)
        except TypeError:
            raise Stale from None

    def in_words(self, raw: Any) -> str:
        return f"{len(raw['people'])} 人"

    async def _found(self, entries: Sequence[ListedName], chat: Chat) -> MatchedPeople:
        people, homes = chat.store.addressees, chat.world.roster.by_village
        by_name: dict[str, list[Holder]] = {}
        for one in await people.named(list({entry.name for entry in entries if entry.name}), self.region):
            by_name.setdefault(one.name, []).append(one)
        by_phone = await people.with_phones(list({entry.phone for entry in entries if entry.phone}), self.region)

        heads = {code: {home.head for home in homes[code]} for code in homes if code.startswith(self.region)}

        def is_head(name: str, village: str) -> bool:
            return any(name in heads[code] for code in heads if code.startswith(village))

        return match_people(entries, by_name, by_phone, is_head)


class ConfirmSending(Question[str]):
    """YES: send; QUIETLY: send, nobody need confirm; NO. Any answer can be changed from here."""

    controls = ()
    in_steps = True

    async def show(self, partial: Any, chat: Chat) -> Prompt:
        if partial:
            return await Confirm(self.prompt).show(partial, chat)
        choices = [(YES, "发送"), (EDIT, "修改"), (NO, "取消")]
        return Prompt(self.prompt, [choices, [(QUIETLY, "发送，不用点「收到」")]])

    async def read(self, said: Said, partial: Any, chat: Chat) -> Answer | More:
        if not partial and said.pick == QUIETLY:
            return Answer(QUIETLY)
        if not partial and said.text in _GO:
            return Answer(YES)
        try:
            outcome = await Confirm(self.prompt).read(said, partial, chat)
        except Unreadable as error:
            raise error if partial else Unreadable("没看懂。回复 1 发送，2 修改，3 取消。") from None
        return outcome if isinstance(outcome, More) else Answer(YES if outcome.raw else NO)

    def restore(self, raw: Any) -> str:
        if raw not in (YES, QUIETLY, NO):
            raise Stale
        return str(raw)

    def in_words(self, raw: Any) -> str:
        return {YES: "发送", QUIETLY: "发送，不用点「收到」", NO: "取消"}[raw]


def left_out(found: MatchedPeople) -> str:
    """The names of a list that are not among the receivers and why, in one line; empty if there are none."""
    parts = [
        f"{_names(names)}{why}"
        for names, why in (
            (found.unknown, "（没有这个人）"),
            (found.several, "（重名，请写上村名，如：白塔村张三）"),
            (found.unbound, "（还没有绑定聊天）"),
        )
        if names
    ]
    return f"没算在内：{'；'.join(parts)}" if parts else ""


def _names(names: Sequence[str]) -> str:
    some = "、".join(shortened(name, 8) for name in names[:3])
    return some if len(names) <= 3 else f"{some}等 {len(names)} 个"


async def _of_file(sent: SentFile, villages: Mapping[str, str], chat: Chat) -> list[ListedName]:
    name = sent.name.lower()
    if name and not name.endswith((_TABLE, *_TEXT)):
        raise Unreadable("名单请发 .xlsx 或 .txt 文件，或直接发姓名，例如：张三、李四")
    sheets = await read_sent(chat, sent, read=read_sheets, limits=IN_A_TALK)
    return from_rows(next(iter(sheets), []), villages)


def _name(file: SentFile) -> str:
    """A file's name is anybody's: in one short line, without what is invisible, with the ending by which it is opened."""
    name = PurePath(" ".join(clean(file.name).split()))
    return f"{shortened(name.stem, 30)}{name.suffix[:8]}" if name.stem else _KINDS[file.kind]
