"""A real Chromium for tests, phones opened in it, and screenshots of them in build/screenshots."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path("build/screenshots")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--disable-sync", "--disable-default-apps",
)  # fmt: skip
PATIENCE = 15_000
"""Milliseconds until a page that shows nothing fails its test."""


@contextlib.asynccontextmanager
async def chromium(*more: str) -> AsyncIterator[Browser]:
    """A browser; `more` are further flags of its command line."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *more])
        yield opened
        await opened.close()


class Phones:
    """Pages on phones, each in a browser context of its own; what goes wrong in any page is kept in `errors`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    async def open(self, url: str, *, dark: bool = False, width: int = 390, height: int = 844) -> Page:
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=2, has_touch=width < 900,
            color_scheme="dark" if dark else "light", locale="zh-CN", reduced_motion="reduce",
            permissions=["geolocation"], geolocation={"latitude": 45.1, "longitude": 124.8},
        )  # fmt: skip
        self._contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if "Content Security" in said.text else None)
        await page.goto(url)
        return page

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


async def shoot(page: Page, name: str) -> None:
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")


def photo() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1200, 900)).convert("RGB").save(out, "JPEG")
    return out.getvalue()
