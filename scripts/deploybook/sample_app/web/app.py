"""The web app of one deployment: its routes, and what Vercel and Next.js answer around them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import StudioError, Variables
from deploybook.sample_app.web import audio, rendering, storage
from deploybook.sample_app.web.context import Web, log, refused
from deploybook.sample_app.web.page import page

# Vercel's own limit on the body of a request to a function (https://vercel.com/docs/functions/limitations).
LARGEST_BODY = 4_500_000


def web_app(variables: Variables, network: Network) -> ASGIApp:
    """The app as it was built with these variables. Nothing is read but these, and nothing is checked before it is needed."""
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/api/storage/upload", storage.create_upload, methods=["POST"]),
            Route("/api/storage/upload", storage.take_upload, methods=["PUT"]),
            Route("/api/storage/download", storage.download),
            Route("/api/audio/ingest", audio.ingest, methods=["POST"]),
            Route("/api/audio/jobs/{job_id}", audio.poll),
            Route("/api/audio/edit/preview/{job_id}/audio", audio.preview),
            Route("/api/render", rendering.create_render, methods=["POST"]),
            Route("/api/webhooks/worker", rendering.webhook, methods=["POST"]),
        ],
        exception_handlers={StudioError: _failed, 404: _no_page},
    )
    app.state.web = Web(variables, network)
    return _limited(app)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    """500, and a line in the log. The job routes say ``error`` in the same place as the others."""
    log(request, f"[{getattr(error, 'area', 'Studio')}] {error}", "error")
    return refused(500, str(error))


async def _no_page(_: Request, __: Exception) -> Response:
    return PlainTextResponse("404: This page could not be found.", 404)


def _limited(app: ASGIApp) -> ASGIApp:
    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if int(headers.get(b"content-length", b"0")) > LARGEST_BODY:
            text = "Request Entity Too Large\n\nFUNCTION_PAYLOAD_TOO_LARGE\n"
            too_large = PlainTextResponse(text, 413, {"x-vercel-error": "FUNCTION_PAYLOAD_TOO_LARGE"})
            await too_large(scope, receive, send)
            return
        await app(scope, receive, send)

    return limited
