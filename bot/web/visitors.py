"""Whose request it is: the session in a browser's cookie, and the address of the net."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request
from starlette.responses import Response

from bot.web.address import address_in
from bot.web.rate_limiter import RateLimiter
from bot.web.refusals import Refusal
from bot.web.sessions import COOKIE, COOKIE_LASTS, Ended, PageSession, Sessions

_HEADER = "X-Cunbao"
"""A header that another site's form cannot send; together with SameSite=Lax it keeps forged posts out."""

_UNKNOWN = "登录已失效。请重新扫村里张贴的二维码，或打开镇里发的链接。"
_SIGNED_OUT = "这部手机退出了：很久没用，在别处退出，或您的信息已按申请删除。要再用，请重新扫村里的二维码，或打开镇里发的链接。"
_STOPPED = "这部手机先停用了，等镇里核实。着急请直接找镇里。"


class Visitors:
    """Tells by `sessions` whose a request is.

    `several`: whether several phones share a browser, each with a cookie; `secure`: whether cookies go by https alone.
    """

    def __init__(self, sessions: Sessions, *, several: bool, secure: bool) -> None:
        self._sessions = sessions
        self._several = several
        self._secure = secure
        self._posts = RateLimiter(burst=30, per_second=1)

    async def known(self, request: Request) -> PageSession | None:
        """The browser's session, if it has one. Raises Ended."""
        return await self._sessions.read(request.cookies.get(COOKIE))

    async def needed(self, request: Request) -> PageSession:
        """The session of the page that the request comes from. Raises Refusal without one."""
        phone = request.query_params.get("phone", "") if self._several else ""
        try:
            session = await self._sessions.read(request.cookies.get(_cookie(int(phone) if phone.isdecimal() else None)))
        except Ended as ended:
            raise Refusal(401, _STOPPED if ended.stopped else _SIGNED_OUT) from None
        if session is None:
            raise Refusal(401, _UNKNOWN)
        return session

    async def poster(self, request: Request) -> str:
        """The address that something is posted from. Raises Refusal, also for whoever posts too fast."""
        if _HEADER not in request.headers:
            raise Refusal(403, "请从聊天页面里发送。")
        address = (await self.needed(request)).address
        wait = self._posts.wait(address)
        if wait:
            raise Refusal(429, "发得太快了，请稍等几秒。", wait)
        return address

    def remember(self, response: Response, session: PageSession, phone: int | None = None) -> None:
        """Give the browser a cookie; `phone` is which of several in one browser it is for."""
        response.set_cookie(
            _cookie(phone), self._sessions.issue(session), max_age=int(COOKIE_LASTS.total_seconds()), httponly=True,
            samesite="lax", secure=self._secure,
        )  # fmt: skip


def _cookie(phone: int | None) -> str:
    return COOKIE if phone is None else f"{COOKIE}-demo-{phone}"


def source(request: Request) -> str:
    """The address of the net that a request comes from; of IPv6 the part that one subscriber has for themselves."""
    host = request.client.host if request.client else ""
    address = address_in(host.partition("%")[0])
    return str(ipaddress.ip_network((address, 64), strict=False)) if isinstance(address, ipaddress.IPv6Address) else host
