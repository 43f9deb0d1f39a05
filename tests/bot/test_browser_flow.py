"""The whole bot in a real Chromium at the size of a phone: a household reports, its village's cadre hears and acts."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect

from bot.demo.fill import DemoSummary, demo_plan, make_demo_data
from bot.demo.town import STORY_VILLAGE
from bot.platforms.web import DemoPage
from bot.service.service import Service
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import load_settings
from storage.database.base import SHANGHAI
from storage.database.transaction import transaction
from storage.joining.invites import Invites
from storage.mail.chats import chats
from storage.people.persons import Role
from storage.plan import builtin_plans, load_plan
from storage.roster import households, members
from tests.support.browser import CHROMIUM, Phones, chromium, photo, shoot

NOW = datetime(2022, 10, 19, 7, 0, tzinfo=SHANGHAI)
"""Before the hour of the reminders, so that none comes between."""

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]


def clock() -> datetime:
    return NOW


@dataclass(frozen=True)
class Village:
    """The demo's town at work, and phones to open in it."""

    installation: Installation
    made: DemoSummary
    phones: Phones
    url: str

    async def phone(self, number: int, *, width: int = 390) -> Page:
        """One of the demo's: 1 the household's, 2 its cadre's, 3 the town's."""
        return await self.phones.open(f"{self.url}/demo/phone/{number}", width=width)

    async def door(self) -> str:
        """The address in the QR code on the notice board."""
        region = self.installation.world.plan.village(STORY_VILLAGE).code
        async with transaction(self.installation.database, NOW) as tx, tx.session("test", "invite") as session:
            return f"{self.url}/join/{Invites(session).create(Role.HOUSEHOLD, region, uses=None)}"

    async def somebody(self) -> tuple[str, str]:
        """Name and last four of the ID number of somebody on the village's roster who has no phone here yet."""
        region = self.installation.world.plan.village(STORY_VILLAGE).code
        query = (
            sa.select(members)
            .join(households, members.c.household_id == households.c.id)
            .where(households.c.village == region)
            .order_by(members.c.id.desc())
        )
        async with self.installation.database.read() as conn:
            row = (await conn.execute(query)).first()
        assert row is not None
        return row.name, (self.installation.database.vault.open_text(members.c.id_number, row) or "")[-4:]

    async def bound(self) -> int:
        """How many phones belong to somebody."""
        async with self.installation.database.read() as conn:
            query = sa.select(sa.func.count()).where(chats.c.person_id.is_not(None))
            return (await conn.execute(query)).scalar_one()


@pytest.fixture
async def village(tmp_path: Path) -> AsyncIterator[Village]:
    plan = demo_plan(load_plan(builtin_plans()["wafang-2022"]), NOW.date())
    async with (
        open_installation(load_settings(data_dir=tmp_path), lambda _: None, plan=plan) as installation,
        chromium() as browser,
    ):
        made = await make_demo_data(installation.database, plan, now=NOW, households=200)
        service = Service(installation, clock, demo=DemoPage({phone.label: phone.address for phone in made.phones}, ""))
        listening, stop, phones = socket.create_server(("127.0.0.1", 0)), asyncio.Event(), Phones(browser)
        running = asyncio.create_task(service.run(stop, listening))
        yield Village(installation, made, phones, f"http://127.0.0.1:{listening.getsockname()[1]}")
        await phones.close()
        stop.set()
        await running
        assert phones.errors == []


async def say(page: Page, words: str) -> None:
    await page.get_by_label("写一条消息").fill(words)
    await page.get_by_role("button", name="发送", exact=True).click()


async def tap(page: Page, label: str) -> None:
    """The button of this label in the newest message that has it."""
    await page.get_by_role("button", name=label, exact=True).last.click()


async def report(page: Page, detail: str) -> None:
    """A household's report by words and taps, without a photo."""
    await say(page, "申报")
    await tap(page, "2 住房安全")
    await tap(page, "选好了（1项）")
    await expect(page.get_by_text("说说情况")).to_be_visible()
    await say(page, detail)
    await tap(page, "跳过")
    await tap(page, "提交")
    await expect(page.get_by_text("收到了，编号")).to_be_visible()


async def test_a_report_reaches_the_cadre_and_its_outcome_the_household(
    village: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    household, cadre = await village.phone(1), await village.phone(2)
    await tap(household, "菜单")
    await tap(household, "我要申报")
    await tap(household, "2 住房安全")
    await tap(household, "9 因灾")
    await expect(household.get_by_role("button", name="选好了（2项）")).to_be_visible()
    await shoot(household, "flow-1-kinds")
    await tap(household, "选好了（2项）")
    await expect(household.get_by_text("说说情况")).to_be_visible()
    await say(household, "大风掀了半个房顶，下雨就漏。")
    async with household.expect_file_chooser() as chooser:
        await tap(household, "拍照或选照片")
    await (await chooser.value).set_files({"name": "房顶.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await tap(household, "发完了")
    await expect(household.get_by_text("点提交，就是同意村里上门看看")).to_be_visible()
    await shoot(household, "flow-2-summary")

    pressed = time.perf_counter()
    await tap(household, "提交")
    await expect(cadre.get_by_text("农户自报")).to_be_visible()
    took = time.perf_counter() - pressed
    with capsys.disabled():
        sys.stdout.write(f"\nfrom the household's last tap to the cadre's screen: {took:.3f} s\n")
    await expect(household.get_by_text(f"收到了，编号 {village.made.clues + 1}。")).to_be_visible()
    await expect(cadre.get_by_alt_text("照片")).to_have_js_property("complete", True)
    await shoot(household, "flow-3-filed")
    await shoot(cadre, "flow-4-push")

    await tap(cadre, "查看")
    await expect(cadre.get_by_text("现在：入户核查")).to_be_visible()
    await shoot(cadre, "flow-5-clue")
    await tap(cadre, "属实")
    await expect(cadre.get_by_text("到家看到什么")).to_be_visible()
    await say(cadre, "房顶受损约二十平方米，屋里有水迹。")
    await tap(cadre, "提交")
    await expect(cadre.get_by_text("请农户签授权书")).to_be_visible()
    await expect(household.get_by_text("困难属实")).to_be_visible()
    await shoot(cadre, "flow-6-verified")
    await shoot(household, "flow-7-told")


async def test_a_villager_joins_from_the_notice_board(village: Village) -> None:
    page = await village.phones.open(await village.door())
    await expect(page.get_by_text(f"{STORY_VILLAGE}：家里有困难")).to_be_visible()
    await shoot(page, "flow-join-1-consent")
    await tap(page, "1 同意，加入")
    await expect(page.get_by_text("后四位")).to_be_visible()
    before = await village.bound()
    name, tail = await village.somebody()
    await say(page, f"{name} {tail}")
    await expect(page.get_by_text("您已加入")).to_be_visible()
    await expect(page.get_by_role("button", name="我要申报")).to_be_visible()
    await shoot(page, "flow-join-2-joined")
    assert await village.bound() == before + 1
    await page.reload()
    await expect(page.get_by_role("banner")).to_contain_text(f"{STORY_VILLAGE} 农户")
    await expect(page.get_by_text("您已加入")).to_have_count(1)


async def put_away(page: Page, hidden: bool) -> None:
    """A phone into the pocket, or out of it: what a browser tells its page then."""
    await page.evaluate(
        """(hidden) => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_nothing_is_missed_in_the_pocket_offline_or_by_reloading(village: Village) -> None:
    household, cadre = await village.phone(1), await village.phone(2)
    await tap(cadre, "菜单")
    await expect(cadre.get_by_role("button", name="我的待办")).to_be_visible()
    await put_away(cadre, True)
    await report(household, "东墙裂了一道缝")
    await expect(cadre.get_by_text("东墙裂了一道缝")).to_have_count(0)
    await put_away(cadre, False)
    await expect(cadre.get_by_text("东墙裂了一道缝")).to_be_visible()
    await cadre.context.set_offline(True)
    await say(cadre, "待办")
    await expect(cadre.get_by_role("status")).to_contain_text("没有网络")
    await shoot(cadre, "flow-offline")
    await cadre.context.set_offline(False)
    await expect(cadre.get_by_text("东墙裂了一道缝")).to_have_count(1)
    await expect(cadre.get_by_text("按期限排")).to_have_count(1)
    await expect(cadre.get_by_text("发送中…")).to_have_count(0)
    await say(household, "申报")
    await expect(household.get_by_text("是同一件吗")).to_be_visible()
    await household.reload()
    await tap(household, "2 不是，另报一件")
    await expect(household.get_by_text("家里有什么困难")).to_have_count(2)
    await cadre.reload()
    await expect(cadre.get_by_text("按期限排")).to_have_count(1)
    await expect(cadre.get_by_text("东墙裂了一道缝")).to_have_count(1)


async def test_quick_fingers_lose_no_tick(village: Village) -> None:
    page = await village.phone(1)
    await say(page, "申报")
    await expect(page.get_by_role("button", name="14 其他")).to_be_visible()
    await page.evaluate(
        "[...document.querySelectorAll('.choice')].filter(one => /^[123] /.test(one.textContent)).forEach(one => one.click())"
    )
    await expect(page.get_by_role("button", name="选好了（3项）")).to_be_visible()


async def test_a_question_is_answered_by_keyboard_alone(village: Village) -> None:
    page = await village.phone(1, width=1000)
    await page.get_by_label("写一条消息").focus()
    await page.keyboard.type("申报")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="4 医疗")).to_be_visible()
    await _walk_to(page, "4 医疗", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="☑ 4 医疗")).to_be_focused()
    await _walk_to(page, "选好了（1项）", "Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("✓ 医疗")).to_be_visible()
    await _walk_to(page, "写一条消息", "Tab")
    await page.keyboard.type("住院花了两万多")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("有照片就发来")).to_be_visible()


async def _walk_to(page: Page, label: str, key: str) -> None:
    """Press Tab until what is so called has the focus."""
    target = page.get_by_label(label).or_(page.get_by_role("button", name=label, exact=True)).last
    for _ in range(40):
        if await target.evaluate("node => node === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{label} is not reached with {key}")


async def test_everything_has_a_name_and_a_long_chat_stays_in_its_place(village: Village) -> None:
    page = await village.phone(2)
    for _ in range(6):
        await say(page, "帮助")
    await expect(page.get_by_role("article")).to_have_count(12)
    log = page.get_by_role("log", name="聊天记录")
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    for button in await page.get_by_role("button").all():
        await expect(button).to_have_accessible_name(re.compile(r"\S"))
    await expect(page.get_by_role("textbox")).to_have_accessible_name("写一条消息")
    await page.get_by_role("article").first.scroll_into_view_if_needed()
    await page.get_by_role("article").last.scroll_into_view_if_needed()
    await page.evaluate("scrollTo(0, 9999)")
    assert await page.evaluate("scrollY") == 0
    await expect(page.get_by_role("button", name="菜单")).to_be_in_viewport()
