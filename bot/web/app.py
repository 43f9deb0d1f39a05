"""The phone page's site, put together."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from bot.platforms.web import WebPlatform
from bot.web.address import OurHost, SiteAddress
from bot.web.connections import BodyDeadline
from bot.web.files import Files
from bot.web.headers import SecurityHeaders
from bot.web.pages import Pages
from bot.web.posts import Posts
from bot.web.refusals import HANDLERS
from bot.web.sessions import Sessions
from bot.web.streams import Streams
from bot.web.visitors import Visitors


def build_app(web: WebPlatform, address: SiteAddress, extra_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The whole site, reached at `address`; `extra_routes` are the service's own, such as /healthz."""
    sessions = Sessions(web.database, web.clock)
    visitors = Visitors(sessions, several=web.demo is not None, secure=address.secure)
    routes = [
        *Pages(web, sessions, visitors).routes,
        *Streams(web, sessions, visitors).routes,
        *Posts(web, visitors).routes,
        *Files(web, visitors).routes,
        *extra_routes,
    ]
    middleware = [
        Middleware(SecurityHeaders, secure=address.secure),
        Middleware(OurHost, address=address),
        Middleware(BodyDeadline),
    ]
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=HANDLERS)
    app.router.redirect_slashes = False  # it would lead to whatever host a request names
    return app
