"""What answers at a deployment's address: its static files, a plain page, or Vercel's own error pages."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploybook.sandbox.vercel.identifiers import mint


def error_page(status: int, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of the edge itself; codes of https://vercel.com/docs/errors."""
    text = f"{sentence}\n\n{code}\n\niad1::{mint(length=12).lower()}\n"
    return PlainTextResponse(text, status, {"x-vercel-error": code, **(headers or {})})


class StaticSite:
    """Serves the files that a build left, ``index.html`` for a folder; without any, one plain page at ``/``."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        self._name = name
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return error_page(405, "INVALID_REQUEST_METHOD", "This Request was not made with an accepted method")
        path = request.url.path.strip("/")
        for candidate in (path, f"{path}/index.html".lstrip("/"), f"{path}.html"):
            if candidate in self._files:
                kind = mimetypes.guess_type(candidate)[0] or "application/octet-stream"
                return Response(self._files[candidate], media_type=kind)
        if not path and not self._files:
            title = escape(self._name)
            return HTMLResponse(
                f"<!doctype html><title>{title}</title><h1>{title}</h1><p>This deployment is ready.</p>"
            )
        return error_page(404, "NOT_FOUND", "The page could not be found")


def crashed(reason: str) -> ASGIApp:
    """An app that could not start: every request crashes. ``reason`` goes to the runtime log only."""

    async def crash(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError(reason)

    return crash
