"""Checks the Host, to refuse a page of another site that rebound its name to loopback."""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")


def on_loopback_names(app: ASGIApp) -> ASGIApp:
    """Refuse a request whose Host is no name of loopback, with 421 (RFC 9110 §15.5.20)."""

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if scope["type"] == "http" and not (len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0].lower())):
            await PlainTextResponse("this port answers to names of loopback only\n", 421)(scope, receive, send)
            return
        await app(scope, receive, send)

    return named
