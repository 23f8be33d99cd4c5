"""Who may speak to the server: one browser for each address that the operator was shown, and no page but the server's own.

Loopback is open to every user of the machine and to every page that a browser shows. So, in this order: the Host header is the server's own
name (a name that was rebound to loopback is refused); what a page of another origin sends is refused; a browser has a cookie, which it
gets for the token of an address that the terminal showed. The name is random for each checkout, since browsers send a cookie of
127.0.0.1 to every port of it, and another user may have a server on one of them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "deploybook_session"
TOKEN = "token"
READING = frozenset({"GET", "HEAD"})
JSON = "application/json"
# Scripts from the server alone, and none that stands in a page; styles may: the theme's diagrams and tables have them.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Gate:
    """ASGI middleware. ``announce`` is called with an address whenever there is a new one: each lets one browser in, once."""

    def __init__(self, app: ASGIApp, host: str, announce: Callable[[str], None]) -> None:
        self._app = app
        self._host = host
        self._origin = f"http://{host}"
        self._announce = announce
        self._sessions: list[str] = []
        self._token = ""
        self._renew()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it; each answer has HEADERS."""
        assert scope["type"] == "http"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        answer = self._refusal(request) or self._entrance(request)
        if answer is None and not self._is_known(request):
            answer = _refused(403, "Open the address that deploybook serve shows in its terminal.")
        await (answer or self._app)(scope, receive, with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """What another site's page, or a name that was rebound to this machine, gets."""
        if request.headers.getlist("host") != [self._host]:
            return _refused(421, "This server does not answer to that name.")
        origins = request.headers.getlist("origin")
        if any(origin != self._origin for origin in origins):
            return _refused(403, "Only the server's own pages may ask this.")
        if request.method not in READING:
            if not origins:
                return _refused(403, "Only the server's own pages may ask this.")
            # A form of another page cannot have it, whatever a browser sends with it.
            if request.headers.get("content-type") != JSON:
                return _refused(415, f"Send {JSON}.")
        return None

    def _entrance(self, request: Request) -> Response | None:
        """For an address with a token: the cookie, and the same address without it; the token is used up."""
        if TOKEN not in request.query_params:
            return None
        if not hmac.compare_digest(request.query_params[TOKEN].encode(), self._token.encode()):
            return _refused(
                403, "This address was used before, or belongs to an earlier start. The terminal shows a new one."
            )
        session = secrets.token_urlsafe(32)
        self._sessions.append(session)
        self._renew()
        # A path that begins with two slashes would name another host.
        answer = RedirectResponse(f"/{request.url.path.lstrip('/')}", 303)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
        return answer

    def _is_known(self, request: Request) -> bool:
        cookie = request.cookies.get(COOKIE, "").encode()
        return any(hmac.compare_digest(cookie, session.encode()) for session in self._sessions)

    def _renew(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self._announce(f"{self._origin}/?{TOKEN}={self._token}")


def _refused(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status)
