"""The service: every part wired together, started, and stopped without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.exc import DBAPIError

from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Count, Worker
from bot.delivery.worker_process import WorkerProcess
from bot.errors import CannotStart
from bot.platforms.base import Platform
from bot.platforms.telegram.platform import telegram_of
from bot.platforms.web import DemoPage, WebPlatform
from bot.service import health, logs, metrics
from bot.service.clock import Clock, system_clock
from bot.service.garbage_collection import rare_garbage_collection
from bot.service.jobs import Jobs
from bot.service.scheduler import Tick, scheduler
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings
from bot.web.app import build_app
from bot.web.headings import heading_of
from bot.web.server import serve
from handlers.engine.jobs import Every
from handlers.engine.world import PlatformInfo
from handlers.sentences.tell import warm_up
from storage.plan import Plan

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
"""Seconds between two tries while the database is away."""


class Service:
    """One process of the bot: the phone page, Telegram where a token is set, and `others` beside them."""

    def __init__(
        self,
        installation: Installation,
        clock: Clock = system_clock,
        others: Sequence[Platform] = (),
        demo: DemoPage | None = None,
    ) -> None:
        settings, database, world = installation.settings, installation.database, installation.world
        self._settings = settings
        self._database = database
        self._world = world
        heading = functools.partial(heading_of, database, world.plan)
        self.web = WebPlatform(database, world.media, clock, settings.max_upload, heading, demo)
        self.telegram = telegram_of(installation, clock)
        self.platforms: list[Platform] = [self.web, *([self.telegram] if self.telegram else []), *others]
        self.sender = Sender(database, self.platforms, clock, settings.worker)
        names = [platform.name for platform in self.platforms]
        self.worker: WorkerProcess | Worker = (
            WorkerProcess(functools.partial(_worker, settings, world.plan, world.platforms, names), self._worked)
            if settings.worker_process and clock is system_clock
            else Worker(database, world, names, clock, self._worked)
        )
        self.intake = Intake(database, clock, self.worker.wake)
        self.jobs = Jobs(installation, clock, self.sender.wake)

    async def run(self, stop: asyncio.Event, listening: socket.socket) -> None:
        """Work until `stop` is set, then stop in order: take nothing more in, finish the batch, finish the sends.

        Raises CannotStart when Telegram refuses the token.
        """
        adopted = await self.sender.adopt()
        if adopted:
            log.warning("%s sends of the last run have an unknown outcome; see `cunbao outbox`", adopted)
        await self.jobs.at_start()
        try:
            if self.telegram:
                await self.telegram.start()
            with rare_garbage_collection():
                await self._work(stop, listening)
        except ExceptionGroup as group:
            refused = group.subgroup(CannotStart)
            raise (_first(refused) if refused else group) from None
        finally:
            if self.telegram:
                await self.telegram.stop()
        log.info("stopped")

    async def _work(self, stop: asyncio.Event, listening: socket.socket) -> None:
        settings = self._settings
        calls = self.telegram.webhook_routes() if self.telegram else []
        app = build_app(self.web, [*health.routes(self._database), *calls])
        ticking = scheduler([*self.jobs.ticks(), Tick("join_urls", self._learn_join_urls, Every(15))])
        await self._learn_join_urls()
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(_lasting("sender", self.sender.run))
            worker = group.create_task(_lasting("worker", self.worker.run))
            receivers = [group.create_task(platform.receive(self.intake.put)) for platform in self.platforms]
            site = group.create_task(
                serve(app, settings.web_host, port=settings.web_port, sock=listening, close_streams=self.web.close_streams)
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

    async def _learn_join_urls(self) -> None:
        """A platform may learn its own address when it is first reached, which may be long after the start."""
        known = self._world.platforms
        learnt = {one.name: replace(known[one.name], join_url=one.join_url) for one in self.platforms if one.join_url}
        if not learnt.items() <= known.items():
            known.update(learnt)
            if isinstance(self.worker, WorkerProcess):  # it was given what was known when it started
                self.worker.restart()


@contextlib.asynccontextmanager
async def _worker(
    settings: Settings, plan: Plan, platforms: Mapping[str, PlatformInfo], names: Sequence[str], tell: Callable[[Count], None]
) -> AsyncIterator[Worker]:
    """The worker of a process of its own."""
    logs.configure(settings.log_level, settings.log_format, settings.secrets)
    async with open_installation(settings, log.info, plan=plan) as installation:
        installation.world.platforms.update(platforms)
        warm_up(installation.world)  # before the first mail is taken, so that no sentence waits for it
        yield Worker(installation.database, installation.world, names, system_clock, tell, dedicated=True)


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
