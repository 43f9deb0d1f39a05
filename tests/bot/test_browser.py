"""The phone page in a real Chromium at the size of a phone; screenshots go to build/screenshots."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from bot.web.address import SiteAddress
from storage.database.connection import Database, sqlite_url
from storage.mail.messages import Button, Incoming, Outgoing
from tests.support.browser import CHROMIUM, Phones, chromium, photo, shoot
from tests.support.site import Site
from tests.support.sounds import wav
from tests.support.town import VAULT

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]

KINDS = ("房屋漏雨", "饮水不足", "子女辍学", "突发大病")


def question(ticked: frozenset[str] = frozenset()) -> Outgoing:
    """A question of several options as the engine shows it."""
    labels = [f"{'☑ ' if kind in ticked else ''}{place} {kind}" for place, kind in enumerate(KINDS, 1)]
    options = [Button(label=label, says=f"talk:kinds:{kind}") for label, kind in zip(labels, KINDS, strict=True)]
    done = (Button(label=f"选好了（{len(ticked)}项）", says="talk:kinds:~done"),)
    control = tuple(
        Button(label=label, says=f"talk:kinds:{says}")
        for label, says in (("上一步", "~back"), ("稍后", "~later"), ("取消", "~cancel"))
    )
    rows = [tuple(options[:2]), tuple(options[2:]), *([done] if ticked else []), control]
    return Outgoing(text="家里有什么困难？可以选几项。", buttons=tuple(rows))


async def play_office(site: Site) -> None:
    """Answer as a short self-report would."""
    ticked: frozenset[str] = frozenset()
    seen: set[str] = set()
    while True:
        await site.woken.wait()
        site.woken.clear()
        for mail in await site.mail():
            if mail.key not in seen:
                seen.add(mail.key)
                ticked = await _answer(site, mail, ticked)


async def _answer(site: Site, mail: Incoming, ticked: frozenset[str]) -> frozenset[str]:
    value = (mail.choice or "").rpartition(":")[2]
    if value in KINDS:
        ticked ^= {value}
        await site.answer(mail.address, replace(question(ticked), edits=mail.pressed))
    elif value == "~done":
        picked = "、".join(kind for kind in KINDS if kind in ticked)
        chosen = Outgoing(text=f"家里有什么困难？可以选几项。\n✓ {picked}", edits=mail.pressed)
        await site.answer(mail.address, chosen)
        await site.answer(mail.address, Outgoing(text="请拍一张照片，让村干部先看看。没有就回复：跳过", wants="photos"))
    elif mail.files or mail.place:
        await site.answer(mail.address, Outgoing(text="已收到，谢谢。编号 S-0042。\n村干部 2 个工作日内上门。"))
    elif mail.text and mail.text.startswith("/start"):
        await site.answer(mail.address, Outgoing(text="您好！这里是白塔村。\n家里有难处，写一句话就行。"))
    else:
        await site.answer(mail.address, question())
    return ticked


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    shutil.copy(sqlite_template, tmp_path / "cunbao.db")
    database = Database(sqlite_url(tmp_path / "cunbao.db"), VAULT)
    demo = {"农户": "web:demo-1", "村干部": "web:demo-2", "镇政府": "web:demo-3"}
    site = Site(database, tmp_path / "media", demo)
    async with site.running():
        office = asyncio.create_task(play_office(site))
        yield site
        office.cancel()
    await database.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def phone(site: Site, browser: Browser) -> AsyncIterator[Open]:
    """Opens a page of the site on a phone; a page's errors fail the test."""
    phones = Phones(browser)

    async def open_page(path: str, *, dark: bool = False, width: int = 390, height: int = 844) -> Page:
        return await phones.open(site.url + path, dark=dark, width=width, height=height)

    yield open_page
    await phones.close()
    assert phones.errors == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_household_reports_by_taps(phone: Open, dark: bool) -> None:
    look = "dark" if dark else "light"
    page = await phone("/join/QINGCUN1", dark=dark)
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    assert page.url.endswith("/chat")
    await page.get_by_label("写一条消息").fill("我家房子漏雨了")
    await page.get_by_role("button", name="发送", exact=True).click()
    await page.get_by_role("button", name="1 房屋漏雨").click()
    await expect(page.get_by_role("button", name="☑ 1 房屋漏雨")).to_be_visible()
    await shoot(page, f"phone-choices-{look}")
    await page.get_by_role("button", name="选好了（1项）").click()
    await expect(page.get_by_text("✓ 房屋漏雨")).to_be_visible()
    await expect(page.get_by_role("button", name="上一步")).to_have_count(0)
    await expect(page.get_by_role("button", name="发送当前位置")).to_be_visible()
    await shoot(page, f"phone-photo-asked-{look}")
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="拍照或选照片").click()
    await (await chooser.value).set_files({"name": "墙.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await expect(page.get_by_text("编号 S-0042")).to_be_visible()
    await expect(page.get_by_alt_text("我发的照片")).to_have_js_property("complete", True)
    await shoot(page, f"phone-done-{look}")


async def test_the_place_is_sent_with_one_tap(site: Site, phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    address = (await site.mail())[0].address
    await site.answer(address, Outgoing(text="现场在哪里？", wants="place"))
    await page.get_by_role("button", name="发送当前位置").click()
    await expect(page.get_by_text("编号 S-0042")).to_be_visible()
    place = (await site.mail())[-1].place
    assert place is not None
    assert place.latitude == pytest.approx(45.1)


async def test_what_is_written_without_a_network_is_sent_when_it_is_back(site: Site, phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    await page.context.set_offline(True)
    await page.get_by_label("写一条消息").fill("我家房子漏雨了")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("没有网络")
    await expect(page.get_by_text("发送中…")).to_be_visible()
    await shoot(page, "phone-offline")
    await site.answer((await site.mail())[0].address, Outgoing(text="离线时的通知"))
    await page.context.set_offline(False)
    await expect(page.get_by_text("家里有什么困难？")).to_be_visible()
    await expect(page.get_by_text("离线时的通知")).to_be_visible()
    await expect(page.get_by_text("发送中…")).to_have_count(0)
    await expect(page.get_by_role("status")).to_be_hidden()
    assert [mail.text for mail in await site.mail()].count("我家房子漏雨了") == 1


async def test_a_restart_of_the_bot_is_bridged(sqlite_template: Path, tmp_path: Path, browser: Browser) -> None:
    shutil.copy(sqlite_template, tmp_path / "cunbao.db")
    database = Database(sqlite_url(tmp_path / "cunbao.db"), VAULT)
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    async with Site(database, tmp_path / "media").running() as before:
        await page.goto(f"{before.url}/join/QINGCUN1")
        await page.get_by_label("写一条消息").fill("我家房子漏雨了")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("09:00")).to_be_visible()
        port = int(before.url.rpartition(":")[2])
    await expect(page.get_by_role("status")).to_have_text(re.compile("连接中断.正在重连"))
    await shoot(page, "phone-reconnecting")
    after = Site(database, tmp_path / "media")
    await after.answer((await after.mail())[0].address, Outgoing(text="停机时的通知"))
    async with after.running(port):
        await expect(page.get_by_text("停机时的通知")).to_be_visible(timeout=15_000)
        await expect(page.get_by_role("status")).to_be_hidden()
        await expect(page.get_by_role("article")).to_have_count(2)
        await page.close()
    await database.close()


async def test_a_reloaded_page_shows_the_chat_as_it_was(phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await page.get_by_label("写一条消息").fill("漏雨")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="2 饮水不足").click()
    await page.get_by_role("button", name="选好了（1项）").click()
    await expect(page.get_by_text("✓ 饮水不足")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("✓ 饮水不足")).to_be_visible()
    await expect(page.get_by_role("article")).to_have_count(4)
    await expect(page.get_by_role("button", name="选好了")).to_have_count(0)


async def test_a_file_that_is_no_photo_is_explained(phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    await page.locator("#file").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\x00\x01 no picture"}
    )
    await expect(page.get_by_role("alert")).to_contain_text("不是照片")
    await expect(page.get_by_text("发送中…")).to_have_count(0)
    await shoot(page, "phone-refused")


async def test_the_page_works_by_keyboard_alone(phone: Open) -> None:
    page = await phone("/join/QINGCUN1", width=1000)
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    await page.get_by_label("写一条消息").focus()
    await page.keyboard.type("漏雨")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="1 房屋漏雨")).to_be_visible()
    first = page.get_by_role("button", name="1 房屋漏雨")
    for _ in range(20):
        await page.keyboard.press("Shift+Tab")
        if await first.evaluate("node => node === document.activeElement"):
            break
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="☑ 1 房屋漏雨")).to_be_focused()


async def test_a_screen_reader_is_told_what_comes_and_what_things_are(site: Site, phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    log = page.get_by_role("log", name="聊天记录")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    unnamed = await page.evaluate(
        "[...document.querySelectorAll('button, textarea')]"
        ".filter(n => !n.textContent && !n.ariaLabel && !n.labels.length).length"
    )
    assert unnamed == 0


async def test_what_can_be_tapped_is_large_enough_and_nothing_sticks_out(site: Site, phone: Open) -> None:
    page = await phone("/join/QINGCUN1", width=320, height=568)
    await page.get_by_label("写一条消息").fill("漏雨" * 60)
    await page.get_by_role("button", name="发送", exact=True).click()
    await expect(page.get_by_role("button", name="4 突发大病")).to_be_visible()
    sizes = await page.evaluate(
        "[...document.querySelectorAll('button')].filter(n => n.offsetParent).map(n => [n.offsetWidth, n.offsetHeight])"
    )
    assert all(width >= 44 and height >= 44 for width, height in sizes), sizes
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await shoot(page, "phone-small")


async def test_three_phones_stand_side_by_side_and_become_tabs(phone: Open) -> None:
    page = await phone("/demo", width=1366, height=860)
    household = page.frame_locator("iframe").nth(0)
    await household.get_by_label("写一条消息").fill("我家房子漏雨了")
    await household.get_by_role("button", name="发送", exact=True).click()
    await expect(household.get_by_role("button", name="1 房屋漏雨")).to_be_visible()
    cadre = page.frame_locator("iframe").nth(1)
    await expect(cadre.get_by_text("写一句话就开始")).to_be_visible()
    await shoot(page, "demo-wide")
    narrow = await phone("/demo")
    await expect(narrow.locator("iframe:visible")).to_have_count(1)
    await narrow.get_by_text("村干部", exact=True).first.click()
    await expect(narrow.get_by_title("村干部的手机")).to_be_visible()
    await shoot(narrow, "demo-narrow")


async def test_only_the_bots_own_links_can_be_tapped(site: Site, phone: Open) -> None:
    page = await phone("/join/QINGCUN1")
    await expect(page.get_by_text("您好！这里是白塔村。")).to_be_visible()
    address, ours = (await site.mail())[0].address, f"{site.url}/join/ABCDEF12"
    typed = f"请看 https://evil.example/x 和 www.evil.com，还有 {site.url}/join/TYPED"
    first = await site.answer(address, Outgoing(text=f"{typed}\n{ours}\n7 天内有效", links=(ours,)))
    links = page.get_by_role("article").get_by_role("link")
    await expect(links).to_have_text([ours])
    await expect(page.get_by_text(typed)).to_be_visible()
    await site.answer(address, Outgoing(text=typed, edits=first))
    await expect(links).to_have_count(0)


async def test_without_https_the_page_says_what_works_instead_of_microphone_and_place(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """To a browser 127.0.0.1 is as good as https; a name without a certificate is not."""
    shutil.copy(sqlite_template, tmp_path / "cunbao.db")
    database = Database(sqlite_url(tmp_path / "cunbao.db"), VAULT)
    site = Site(database, tmp_path / "media")
    site.address = SiteAddress(hosts=frozenset({"village.test"}))
    async with site.running(), chromium("--host-resolver-rules=MAP village.test 127.0.0.1") as browser:
        phones = Phones(browser)
        page = await phones.open(f"{site.url.replace('127.0.0.1', 'village.test')}/join/QINGCUN1")
        await page.get_by_role("button", name="发语音").click()
        await expect(page.get_by_role("alert")).to_contain_text("不让网页录音。请打字说")
        await shoot(page, "phone-without-https")
        async with page.expect_file_chooser() as chooser:
            await page.get_by_role("button", name="选录好的录音").click()
        await (await chooser.value).set_files({"name": "录音.wav", "mimeType": "audio/wav", "buffer": wav()})
        await expect(page.locator(".mine:not(.pending) audio")).to_be_visible()
        await site.answer((await site.mail())[0].address, Outgoing(text="现场在哪里？", wants="place"))
        await page.get_by_role("button", name="发送当前位置").click()
        await expect(page.get_by_role("alert").last).to_contain_text("请直接写地点")
        await phones.close()
        assert phones.errors == []
    await database.close()


async def test_a_stranger_reads_how_to_come_in(site: Site, phone: Open) -> None:
    site.web.demo = None
    page = await phone("/")
    await expect(page.get_by_text(re.compile("扫村部"))).to_be_visible()
    await shoot(page, "welcome")
