"""The service: every part wired together, started, and stopped without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

from sqlalchemy.exc import DBAPIError
from starlette.routing import Route

from bot.delivery.crew import Crew
from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Count, Worker
from bot.platforms.base import Platform
from bot.platforms.telegram.platform import TelegramPlatform
from bot.platforms.web import WebPlatform
from bot.service import health, logs, metrics
from bot.service.clock import Clock, system_clock
from bot.service.garbage import seldom_collected
from bot.service.jobs import Jobs
from bot.service.scheduler import Tick, every, scheduler
from bot.setup.opening import CannotStart, House, opened
from bot.setup.settings import Settings
from bot.web.app import build_app
from bot.web.headings import Headings
from bot.web.server import serve
from handlers.sentences.tell import get_ready
from storage.plan import Plan

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
"""Seconds between two tries while the database is away."""


class Service:
    """One process of the bot: the phone page, Telegram where a token is set, and `others` beside them.

    `demo` maps labels to the addresses of the demo page's phones; empty: no demo page.
    """

    def __init__(
        self,
        house: House,
        clock: Clock = system_clock,
        others: Sequence[Platform] = (),
        *,
        demo: Mapping[str, str] | None = None,
        demo_note: str = "",
    ) -> None:
        settings, database, world = house.settings, house.database, house.world
        self._house = house
        self.web = WebPlatform(
            database,
            world.media,
            clock,
            max_upload=settings.max_upload_mb * 1024 * 1024,
            heading=Headings(database, world.plan),
            demo=demo,
            demo_note=demo_note,
        )
        self.telegram = telegram_of(house, clock)
        self.platforms: list[Platform] = [self.web, *([self.telegram] if self.telegram else []), *others]
        rates = {"telegram": settings.telegram_rate}
        self.sender = Sender(database, self.platforms, clock, settings.worker, rates)
        names = [platform.name for platform in self.platforms]
        self.worker: Crew | Worker = (
            Crew(functools.partial(_hired, settings, world.plan, names), self._worked)
            if settings.worker_process and clock is system_clock
            else Worker(database, world, names, clock, self._worked)
        )
        self.intake = Intake(database, clock, self.worker.wake)
        self.jobs = Jobs(house, clock, self.sender.wake)

    async def run(self, stop: asyncio.Event, listening: socket.socket) -> None:
        """Work until `stop` is set, then stop in order: take nothing more in, finish the batch, finish the sends.

        Raises CannotStart when Telegram refuses the token.
        """
        adopted = await self.sender.adopt()
        if adopted:
            log.warning("%s sends of the last run have an unknown outcome; see `cunbao outbox`", adopted)
        await self.jobs.phases()
        try:
            if self.telegram:
                await self.telegram.start()
            with seldom_collected():
                await self._work(stop, listening)
        except ExceptionGroup as group:
            refused = group.subgroup(CannotStart)
            raise (_first(refused) if refused else group) from None
        finally:
            if self.telegram:
                await self.telegram.stop()
        log.info("stopped")

    async def _work(self, stop: asyncio.Event, listening: socket.socket) -> None:
        settings = self._house.settings
        app = build_app(self.web, self._routes())
        ticking = scheduler([*self.jobs.ticks(), Tick("links", self._learn_links, every(15))])
        await self._learn_links()
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(_lasting("sender", self.sender.run))
            worker = group.create_task(_lasting("worker", self.worker.run))
            receivers = [group.create_task(platform.receive(self.intake.put)) for platform in self.platforms]
            site = group.create_task(
                serve(app, settings.web_host, settings.web_port, listening, hang_up=self.web.hang_up)
            )
            ticking.start()
            try:
                log.info("ready at %s", settings.web_address)
                await stop.wait()
                log.info("stopping")
            finally:
                ticking.shutdown(wait=False)
            await _ended(site, *receivers)
            await _ended(worker)
            await _ended(sender)

    def _worked(self, count: Count) -> None:
        metrics.count_batch(*count)
        self.sender.wake()

    def _routes(self) -> list[Route]:
        """What the site has beside the phone page."""
        calls = self.telegram.webhook_routes() if self.telegram and self._house.settings.telegram_webhook_url else []
        return [*health.routes(self._house.database), *calls]

    async def _learn_links(self) -> None:
        """Telegram tells the bot's name when it can be reached, which may be long after the start."""
        if self.telegram:
            self._house.world.telegram_name = self.telegram.username


@contextlib.asynccontextmanager
async def _hired(
    settings: Settings, plan: Plan, platforms: Sequence[str], tell: Callable[[Count], None]
) -> AsyncIterator[Worker]:
    """The worker of a process of its own."""
    logs.configure(settings.log_level, settings.log_format, settings.secrets)
    async with opened(settings, log.info, plan) as house:
        get_ready(house.world)  # before the first mail is taken, so that no sentence waits for it
        yield Worker(house.database, house.world, platforms, system_clock, tell, alone=True)


def telegram_of(house: House, clock: Clock) -> TelegramPlatform | None:
    """Telegram as the settings want it; None without a token."""
    settings = house.settings
    if settings.telegram_token is None:
        return None
    secret = settings.telegram_webhook_secret
    return TelegramPlatform(
        settings.telegram_token.get_secret_value(),
        house.world.media,
        house.database,
        clock,
        base_url=settings.telegram_base_url,
        rate=settings.telegram_rate,
        webhook_url=settings.telegram_webhook_url,
        webhook_secret=secret.get_secret_value() if secret else None,
        max_upload_mb=settings.max_upload_mb,
    )


def _first(group: BaseExceptionGroup[CannotStart]) -> CannotStart:
    """The innermost first exception of a group."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


async def _lasting(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until cancelled; wait for a database that is away for a while, such as a PostgreSQL that restarts."""
    pause = 1.0
    while True:
        try:
            await run()
        except (DBAPIError, OSError):
            log.exception("the %s has trouble with the database; next try in %s s", name, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    wanted = (signal.SIGTERM, signal.SIGINT)
    for number in wanted:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in wanted:
            loop.remove_signal_handler(number)


def listen(host: str, port: int) -> socket.socket:
    """The socket of the phone page. Raises CannotStart when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise CannotStart(
            f"{host}:{port} 用不了：{error.strerror}。请停下占用它的程序，或用 CUNBAO_WEB_PORT 换一个端口。"
        ) from None
