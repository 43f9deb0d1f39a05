"""The service: every part wired together, started, and stopped without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette

from bot.delivery.intake import Intake
from bot.delivery.sender import Sender
from bot.delivery.worker import Count, Worker
from bot.delivery.worker_process import WorkerProcess
from bot.errors import CannotStart
from bot.platforms.base import Platform
from bot.platforms.telegram.platform import telegram_of
from bot.platforms.web import DemoPage, WebPlatform
from bot.service import checks, health, logs, metrics, systemd
from bot.service.clock import Clock, GuardedClock, system_clock
from bot.service.garbage_collection import rare_garbage_collection
from bot.service.jobs import Jobs
from bot.service.parts import Parts
from bot.service.scheduler import Tick, Ticking
from bot.service.time_keeper import TimeKeeper
from bot.service.watch import Check, Watch
from bot.setup.faults import words_of
from bot.setup.folder import FolderIdentity
from bot.setup.installation import Installation, open_installation
from bot.setup.settings import Settings
from bot.web.address import address_of, is_local
from bot.web.app import build_app
from bot.web.headings import heading_of
from bot.web.server import serve
from handlers.engine.jobs import Every
from handlers.engine.world import PlatformInfo
from handlers.files.outside import AT_ONCE
from handlers.sentences.tell import warm_up
from storage.database.base import new_id
from storage.database.limits import SERVICE
from storage.database.outages import is_damage
from storage.plan import Plan

log = logging.getLogger(__name__)

_LAST_CHANCE = 5.0
"""Seconds in which a start that is to be given up may still end by itself."""


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
        own_worker = settings.worker_process and clock is system_clock
        self._clock = clock = GuardedClock(clock)
        heading = functools.partial(heading_of, database, world.plan, clock)
        self.web = WebPlatform(database, world.media, clock, settings.max_upload, heading, demo)
        self.telegram = telegram_of(installation, clock)
        self.platforms: list[Platform] = [self.web, *([self.telegram] if self.telegram else []), *others]
        self.sender = Sender(database, self.platforms, clock, settings.worker)
        names = [platform.name for platform in self.platforms]
        self.worker: WorkerProcess | Worker = (
            WorkerProcess(functools.partial(_worker, settings, world.plan, world.platforms, names, self._clock), self._worked)
            if own_worker
            else Worker(database, world, names, clock, self._worked)
        )
        self.intake = Intake(database, clock, self.worker.wake)
        self.jobs = Jobs(installation, clock, self.sender.wake, lambda: self._clock.waits)
        self._time = TimeKeeper(database, self._clock, self._office_told)
        self.ticking = Ticking(
            [
                *self.jobs.ticks(),
                Tick("time", self._time.tick, Every(2)),
                Tick("join_urls", self._learn_join_urls, Every(15)),
                *([] if database.is_sqlite else [Tick("adopt", self.sender.adopt_from_others, Every(60))]),
            ]
        )
        self.parts = Parts()
        self.watch = self._watch(names, clock)
        self._opened = FolderIdentity.of(settings)
        self._gone = False

    async def run(self, stop: asyncio.Event, listening: socket.socket) -> None:
        """Work until `stop` is set, then stop in order: take nothing more in, finish the batch, finish the sends.

        Raises CannotStart when Telegram refuses the token, or when the data folder is taken away.
        """
        try:
            with listening:
                if await done_before(stop, self.parts.run("start", self._take_over)):
                    if self.telegram:
                        await self.telegram.start()
                    with rare_garbage_collection():
                        await self._work(stop, listening)
        finally:
            systemd.notify(systemd.STOPPING)
            if self.telegram:
                await self.telegram.stop()
        log.info("stopped")
        if self._gone:
            raise CannotStart(f"数据目录 {self._settings.data_dir} 不见了，或被换掉了。请放回去（或重新挂上硬盘），再启动。")

    def site(self) -> Starlette:
        """All that answers on the port of the phone page."""
        calls = self.telegram.webhook_routes() if self.telegram else []
        watched = health.routes(self.watch, self._settings.watcher, local=is_local(self._settings))
        return build_app(self.web, address_of(self._settings), [*watched, *calls])

    async def _take_over(self) -> None:
        """Go on with what the last run has left. Raises CannotStart where the database is destroyed."""
        try:
            await self._go_on()
        except DBAPIError as error:
            if is_damage(error):
                raise CannotStart(words_of(error) or "") from error
            raise

    async def _go_on(self) -> None:
        new_id.follow(self._clock)
        await self._time.begin()
        adopted = await self.sender.adopt()
        if adopted:
            log.warning("%s sends of the last run have an unknown outcome; see `cunbao outbox`", adopted)
        await self.jobs.start()
        AT_ONCE.warm()
        if isinstance(self.worker, Worker):  # else its process does
            warm_up(self._world)

    def _watch(self, names: Sequence[str], clock: Clock) -> Watch:
        settings, database, platforms = self._settings, self._database, self._world.platforms
        looks: dict[str, Check] = {
            "mail": checks.MailCheck(database, names, clock),
            "dead": checks.DeadLetterCheck(database, clock),
            "outbox": checks.OutboxCheck(database, settings.worker, self.platforms, clock),
            "tick": checks.TickCheck(self.ticking.lateness),
            "platform": checks.PlatformCheck(self.platforms, lambda name: platforms[name].label if name in platforms else name),
            "part": self.parts.check,
            "write": checks.WriteCheck(database, settings.media_dir),
            "disk": checks.DiskCheck(settings.data_dir),
        }
        if isinstance(self.worker, WorkerProcess):
            looks["worker"] = checks.WorkerCheck(self.worker.ends)
        return Watch(looks, database, clock, settings.worker)

    def _looked(self, stop: asyncio.Event) -> None:
        """After each look of the watch: tell systemd that we live; where the data folder is gone, stop."""
        if self.watch.works:
            systemd.notify(systemd.ALIVE)
        if not self._gone and self._opened != FolderIdentity.of(self._settings):
            log.error("the data folder has been taken away or replaced: stopping, since nothing can be kept")
            self._gone = True
            stop.set()

    async def _work(self, stop: asyncio.Event, listening: socket.socket) -> None:
        settings, app = self._settings, self.site()
        await self._learn_join_urls()
        async with asyncio.TaskGroup() as group:
            sender = self.parts.start(group, "sender", self.sender.run)
            worker = self.parts.start(group, "worker", self.worker.run)
            receivers = [
                self.parts.start(group, platform.name, functools.partial(platform.receive, self.intake.put))
                for platform in self.platforms
            ]
            site = self.parts.start(group, "site", functools.partial(self._serve, app, [listening]))
            watch = self.parts.start(group, "watch", functools.partial(self.watch.run, functools.partial(self._looked, stop)))
            self.ticking.start()
            try:
                log.info("ready at %s", settings.web_address)
                systemd.notify(systemd.READY)
                await stop.wait()
                log.info("stopping")
            finally:
                await self.ticking.stop()
            await _ended(watch, site, *receivers)
            await _ended(worker)
            await _ended(sender)

    async def _serve(self, app: Starlette, listening: list[socket.socket]) -> None:
        """Serve on the socket that listens already; after a failure on a new one."""
        settings = self._settings
        sock = listening.pop() if listening else listen(settings.web_host, settings.web_port)
        await serve(
            app, settings.web_host, port=settings.web_port, sock=sock, close_streams=self.web.close_streams,
            proxies=settings.proxies,
        )  # fmt: skip

    def _worked(self, count: Count) -> None:
        metrics.count_batch(*count)
        self.sender.wake()

    def _office_told(self) -> None:
        if isinstance(self.worker, WorkerProcess):  # its clock is a copy of ours
            self.worker.restart()

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
    settings: Settings,
    plan: Plan,
    platforms: Mapping[str, PlatformInfo],
    names: Sequence[str],
    clock: GuardedClock,
    tell: Callable[[Count], None],
) -> AsyncIterator[Worker]:
    """The worker of a process of its own."""
    logs.configure(settings.log_level, settings.log_format, settings.secrets)
    async with open_installation(settings, log.info, plan=plan, limits=SERVICE, stop=asyncio.Event()) as installation:
        installation.world.platforms.update(platforms)
        AT_ONCE.warm()
        warm_up(installation.world)
        new_id.follow(clock)
        yield Worker(installation.database, installation.world, names, clock, tell, dedicated=True)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def done_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do something that may have to wait for long, and give it up soon after `stop` is set; returns whether it is done."""
    stopping, working = asyncio.create_task(stop.wait()), asyncio.create_task(work)
    await asyncio.wait([stopping, working], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait([working], timeout=_LAST_CHANCE)
    for task in (stopping, working):
        task.cancel()
    await asyncio.wait([stopping, working])
    if working.cancelled():
        return False
    working.result()
    return True


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
