"""Voice messages: said by a household, kept, heard by the cadre, and gone when their speaker asks for it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import expect

from bot.platforms.telegram.platform import TelegramOptions, TelegramPlatform
from bot.platforms.telegram.updates import Reader
from bot.service.jobs import Jobs
from bot.web.headers import HEADERS
from bot.web.uploads import examine
from storage.database.connection import Database, sqlite_url
from storage.files.media import MediaStore, media
from storage.mail.messages import Outgoing, SentFile
from storage.mail.outbox import Letter
from storage.store import Store
from tests.support.botapi import TOKEN, ApiError, BotApi
from tests.support.browser import CHROMIUM, Phones, chromium, shoot
from tests.support.site import Site
from tests.support.sounds import opus
from tests.support.town import START, VAULT, Town

VOICE = b"OggS the roof leaks"


async def speak(town: Town, name: str, content: bytes = VOICE, seconds: int = 12) -> list[str]:
    sha256 = await town.keep(content, "audio/ogg")
    return await town.say(name, files=(SentFile(sha256=sha256, kind="voice", seconds=seconds),))


async def report_aloud(town: Town) -> None:
    """张三 reports leaking by voice alone."""
    await town.join_household("张三", 1001)
    await town.say("张三", "/selfreport")
    await town.say("张三", "2")
    asked = town.inboxes["张三"][-1]
    assert (asked.wants, "语音" in (asked.text or "")) == ("voice", True)
    await speak(town, "张三")
    await town.say("张三", "跳过")
    assert "语音 12 秒" in (town.inboxes["张三"][-1].text or "")
    await town.say("张三", "提交")


async def purged(town: Town, days: float) -> None:
    """What the night `days` from now does to files."""
    settings: Any = SimpleNamespace(keep_messages_days=30, keep_drafts_days=30)
    house: Any = SimpleNamespace(settings=settings, database=town.database, world=town.world)
    await Jobs(house, lambda: town.now + timedelta(days=days), lambda: None).purge()


async def test_a_household_speaks_and_its_cadre_listens(town: Town) -> None:
    await report_aloud(town)
    told = next(message for message in town.inboxes["李村"] if "农户自报" in (message.text or ""))
    assert "语音 12 秒" in (told.text or "")
    assert town.world.media.read(told.file or "") == VOICE
    shown = await town.say("赵村", "/clue 1")
    assert "听语音（1 条）" in shown[-1]
    heard = await town.press("赵村", "听语音（1 条）")
    assert "张三" in heard[-1]
    assert town.inboxes["赵村"][-1].file == told.file


@pytest.mark.sqlite_only
async def test_a_voice_message_out_of_nowhere_begins_a_report(town: Town) -> None:
    await town.join_household("张三", 1001)
    await speak(town, "张三")
    for line in ("2", "跳过", "提交"):
        await town.say("张三", line)
    assert "听语音（1 条）" in (await town.say("李村", "/clue 1"))[-1]


async def test_more_said_with_the_photos_is_kept_as_well(town: Town) -> None:
    await town.join_household("张三", 1001)
    await town.say("张三", "/selfreport")
    await town.say("张三", "2")
    await town.say("张三", "东屋漏雨")
    await speak(town, "张三", b"OggS one more thing")
    await town.send_photo("张三")
    await town.say("张三", "完成")
    assert "照片 1 张，语音 1 条" in (town.inboxes["张三"][-1].text or "")
    await town.say("张三", "提交")
    async with town.transaction() as tx, tx.session() as session:
        store = Store(session)
        clue = await store.clues.numbered(1)
        assert clue is not None
        assert len(await store.attachments.of("clue", clue.id)) == 1, "a voice message is no photo"
        assert len(await store.voices.about(clue.id)) == 1


@pytest.mark.sqlite_only
async def test_an_objection_and_its_answer_by_voice(town: Town) -> None:
    await report_aloud(town)
    for line in ("/verify 1 none", "去年修好了，不漏了", "提交"):
        await town.say("李村", line)
    await town.press("张三", "我不同意")
    await speak(town, "张三", b"OggS look at the other room", seconds=0)
    told = town.inboxes["周镇"][-1]
    assert "语音" in (told.text or "")
    assert town.world.media.read(told.file or "") == b"OggS look at the other room"
    await town.press("周镇", "答复异议")
    assert any(message.file == told.file for message in town.inboxes["周镇"][-2:]), "heard again where it is decided"


@pytest.mark.sqlite_only
async def test_a_cadres_voice_is_kept_but_words_are_asked_for(town: Town) -> None:
    await report_aloud(town)
    await town.say("李村", "/verify 1 found")
    said = await speak(town, "李村", b"OggS seen it")
    assert "收到 1 条语音" in said[-1]
    assert "用一句话" in said[-1]
    for line in ("东屋漏雨", "提交"):
        await town.say("李村", line)
    assert "听语音（2 条）" in (await town.say("李村", "/clue 1"))[-1]
    mine = await town.say("张三", "/clue 1")
    assert "听语音（1 条）" in mine[-1], "a household hears itself, not what others said about it"


@pytest.mark.sqlite_only
async def test_the_voice_of_another_village_is_nobodys_to_hear(town: Town) -> None:
    await report_aloud(town)
    assert await town.say("孙村", "/listen 1") == await town.say("孙村", "/listen 2")


async def test_an_erased_voice_is_gone_from_case_and_disk(town: Town) -> None:
    await report_aloud(town)
    await town.say("张三", "/forget")
    await town.press("张三", "申请删除")
    await town.press("周镇", "去审核")
    await town.press("周镇", "同意删除")
    await town.press("周镇", "提交")
    assert "听语音" not in (await town.say("李村", "/clue 1"))[-1]
    assert "没有语音" in (await town.say("李村", "/listen 1"))[-1]
    async with town.database.read() as conn:
        sha256 = (await conn.execute(sa.select(media.c.sha256))).scalar_one()
    await purged(town, days=0)
    assert not town.world.media.path(sha256).exists()
    async with town.database.read() as conn:
        assert (await conn.execute(sa.select(sa.func.count()).select_from(media))).scalar_one() == 0


@pytest.mark.sqlite_only
async def test_what_was_said_and_never_filed_does_not_stay(town: Town) -> None:
    await report_aloud(town)
    stray = await town.keep(b"OggS never filed", "audio/ogg")
    photo = await town.keep(b"\xff\xd8\xff never filed", "image/jpeg")
    await purged(town, days=29)
    assert town.world.media.path(stray).exists()
    await purged(town, days=31)
    assert not town.world.media.path(stray).exists()
    assert not town.world.media.path(photo).exists()
    assert "听语音（1 条）" in (await town.say("李村", "/clue 1"))[-1]


# Platforms


class Api(BotApi):
    """Takes voice messages, or says as the real server does that somebody wants none."""

    takes_voices = True

    def _api_sendvoice(self, params: dict[str, Any], uploads: dict[str, Any]) -> dict[str, Any]:
        if not self.takes_voices:
            raise ApiError(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
        voice = self._store(self._content(params, uploads, "voice").content, "voice.ogg") | {"duration": 3}
        return self._deliver(self._writable(params), "voice", "", params, voice=voice)


@pytest.mark.sqlite_only
async def test_telegram_plays_it_or_gives_it_as_a_file(database: Database, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", VAULT)
    ogg, webm = store.write(VOICE), store.write(b"\x1a\x45\xdf\xa3 voice")
    async with Api() as api:
        platform = TelegramPlatform(TelegramOptions(TOKEN, api.address, rate=0, pause=0.001), store, database, lambda: START)
        await platform.start()
        api.say(7, "您好")
        for number, file in enumerate((ogg, webm, ogg), 1):
            api.takes_voices = number < 3
            message = Outgoing(text="【农户自报】", file=file)
            await platform.send(Letter(id=number, address="telegram:7", attempts=1, must_arrive=False, message=message))
        await platform.stop()
        sent = api.truth()[-3:]
        assert [message.kind for message in sent] == ["voice", "document", "document"]
        names = [api._files[message.file_id or ""][0].rpartition("/")[2] for message in sent[-2:]]
        assert names == ["语音.webm", "语音.ogg"]


async def test_telegram_tells_how_long_it_is() -> None:
    said = {
        "update_id": 1,
        "message": {
            "message_id": 1, "date": 1665536400, "chat": {"id": 7, "type": "private"},
            "from": {"id": 7, "is_bot": False, "first_name": "张"},
            "voice": {"file_id": "f", "file_unique_id": "u", "duration": 12, "file_size": 900},
        },
    }  # fmt: skip
    heard = Reader(1, "cunbao_bot", 10_000).read(said, START)
    assert heard is not None
    assert heard.attached is not None
    assert (heard.attached.seconds, heard.attached.size) == (12, 900)


@pytest.mark.sqlite_only
async def test_the_phone_page_takes_it_and_plays_it_in_parts(database: Database, tmp_path: Path) -> None:
    recorded = examine(opus()).content
    async with Site(database, tmp_path / "media").running() as site, site.phone() as phone:
        answer = await phone.client.post(
            "/photo", data={"key": "voice-0001", "seconds": "12"}, files={"file": ("voice", recorded)}
        )
        assert answer.status_code == 200
        [mail] = await site.mail()
        assert (mail.files[0].kind, mail.files[0].seconds) == ("voice", 12)
        [line] = await phone.read()
        assert line["file"]["kind"] == "audio"
        whole = await phone.client.get(line["file"]["url"])
        assert (whole.headers["Content-Type"], whole.content) == ("audio/ogg", recorded)
        part = await phone.client.get(line["file"]["url"], headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"OggS")
        assert part.headers["Content-Range"] == f"bytes 0-3/{len(recorded)}"
        past = await phone.client.get(line["file"]["url"], headers={"Range": f"bytes={len(recorded)}-"})
        assert past.status_code == 416
    assert "microphone=(self)" in HEADERS["Permissions-Policy"]


_RECORDS = """async (mimeType) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream, { mimeType });
  const chunks = [];
  const whole = new Promise((done) => (recorder.onstop = done));
  recorder.ondataavailable = ({ data }) => chunks.push(data) > 1 && recorder.state === "recording" && recorder.stop();
  recorder.start(100);
  await whole;
  return [...new Uint8Array(await new Blob(chunks).arrayBuffer())];
}"""
_LASTS = """async (bytes) => {
  const sound = await new AudioContext().decodeAudioData(new Uint8Array(bytes).buffer);
  return sound.duration;
}"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
async def test_a_household_records_listens_and_sends(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "cunbao.db")
    database = Database(sqlite_url(tmp_path / "cunbao.db"), VAULT)
    flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    async with Site(database, tmp_path / "media").running() as site, chromium(*flags) as browser:
        phones = Phones(browser)
        page = await phones.open(f"{site.url}/join/QINGCUN1")
        await page.get_by_role("button", name="发语音").click()
        await expect(page.get_by_text("正在录音")).to_be_visible()
        await shoot(page, "voice-recording")
        await page.get_by_role("button", name="说完了").click()
        await expect(page.get_by_text("可以先听一遍")).to_be_visible()
        await shoot(page, "voice-review")
        await page.locator("#recorder-done").click()
        await expect(page.locator("#recorder")).to_be_hidden()
        await expect(page.locator(".mine:not(.pending) audio")).to_be_visible()
        await shoot(page, "voice-sent")
        voice = (await site.mail())[-1].files[0]
        assert voice.kind == "voice"
        assert voice.seconds >= 1
        kept = site.web.media.read(voice.sha256)
        others = [
            examine(bytes(await page.evaluate(_RECORDS, kind))).content for kind in ("audio/mp4;codecs=opus", "audio/webm")
        ]
        for content in (kept, *others):
            assert await page.evaluate(_LASTS, list(content)) > 0, "what was cleaned of all else can be played"
        await phones.close()
        assert phones.errors == []
    await database.close()
