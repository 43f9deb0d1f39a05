"""Where the site is reached, by the settings alone: nothing that a client sends decides about cookies, links or redirects."""

from __future__ import annotations

import ipaddress
import logging
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.setup.settings import Settings

log = logging.getLogger(__name__)

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/@\s]+?)\.?)(?::[0-9]{1,5})?")
_ANYWHERE = "/healthz"
"""Whoever watches may ask by any name, or by none, as a load balancer does."""
_ELSEWHERE = "这个网址打不开村报。请重新扫村里张贴的二维码，或打开镇里发的链接。\n"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """`secure`: phones reach the site by https. `hosts`: the names it goes by, in small letters, beside `localhost` and the
    addresses of this machine."""

    secure: bool = False
    hosts: frozenset[str] = frozenset()

    def is_ours(self, host: str, arrived_at: str) -> bool:
        """Whether a request with this Host that has arrived at our address `arrived_at` is meant for us. Pure.

        An address is ours where the request has really arrived at it: whatever a browser is made to believe of a name of
        somebody else's, it says that name.
        """
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = (found["six"] or found["name"]).lower()
        if name == "localhost" or name in self.hosts:
            return True
        address = address_in(name)
        return address is not None and (address.is_loopback or address == address_in(arrived_at))


def address_of(settings: Settings) -> SiteAddress:
    """The site as the settings say that phones and platforms reach it."""
    named = (settings.web_address, settings.telegram_webhook_url or "")
    hosts = {settings.web_host, *(urlsplit(one).hostname or "" for one in named)} - {""}
    return SiteAddress(urlsplit(settings.web_address).scheme == "https", frozenset(_as_sent(host) for host in hosts))


def is_local(settings: Settings) -> bool:
    """Whether the settings name no address but this machine's: then there is no proxy in front."""
    named = [urlsplit(one).hostname or "" for one in (settings.web_base_url, settings.telegram_webhook_url) if one]
    addresses = [address_in(host) for host in named if host != "localhost"]
    return all(address is not None and address.is_loopback for address in addresses)


def address_in(text: str) -> Address | None:
    """The address that a text is, one of IPv4 also where it is written within IPv6; None for anything else. Pure."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def _as_sent(host: str) -> str:
    """A host as browsers send it, which is in ASCII."""
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()


class OurHost:
    """Middleware: a request for a host that is not ours goes no further."""

    def __init__(self, app: ASGIApp, address: SiteAddress) -> None:
        self._app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != _ANYWHERE:
            host = Headers(scope=scope).get("host", "")
            if not self._address.is_ours(host, (scope.get("server") or ("",))[0]):
                log.warning("a request for the host %.100r is refused: CUNBAO_WEB_BASE_URL does not say that it is ours", host)
                return await PlainTextResponse(_ELSEWHERE, 421)(scope, receive, send)
        await self._app(scope, receive, send)
