"""The web app of one deployment: its routes, and what Vercel and Next.js answer around them."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deploybook.sample_app.background import Background
from deploybook.sample_app.defects import NONE, Defects
from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import StudioError, Variables
from deploybook.sample_app.web import assets, editing, ingest, jobs, rendering, storage
from deploybook.sample_app.web.answers import api_error, plain_error
from deploybook.sample_app.web.context import Web, log
from deploybook.sample_app.web.webhook import webhook

# Vercel's own limit on the body of a request to a function (https://vercel.com/docs/functions/limitations).
LARGEST_BODY = 4_500_000
# The routes that catch nothing, and those that answer in the jobs' own shape.
UNCAUGHT = re.compile(r"/api/webhooks/worker|/api/audio/edit/preview/[^/]+/audio")
PLAIN = re.compile(r"/api/audio/(jobs/.*|(ingest|edit/preview|edit/save)/[^/]+)")
# A page that is made in the browser: the HTML holds nothing of the app's variables.
PAGE = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Studio</title></head><body></body></html>\n'


def web_app(variables: Variables, network: Network, background: Background, defects: Defects = NONE) -> ASGIApp:
    """The app as it was built with these variables. Nothing is read but these, and nothing is checked before it is needed."""
    polled = [
        Route(f"/api/audio/{name}/{{job_id}}", endpoint, methods=[method])
        for name in ("ingest", "edit/preview", "edit/save")
        for method, endpoint in (("GET", jobs.poll_page), ("DELETE", jobs.cancel))
    ]
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/api/storage/upload", storage.create_upload, methods=["POST"]),
            Route("/api/storage/upload", storage.take_upload, methods=["PUT"]),
            Route("/api/storage/download", storage.download),
            Route("/api/audio/ingest", ingest.create_ingest, methods=["POST"]),
            Route("/api/audio/jobs/{job_id}", jobs.poll),
            Route("/api/audio/jobs/{job_id}/cancel", jobs.cancel, methods=["POST"]),
            Route("/api/audio/assets", assets.list_assets),
            Route("/api/audio/assets", assets.clean_up, methods=["POST"]),
            Route("/api/audio/assets/{asset_id}", assets.get_asset),
            Route("/api/audio/assets/{asset_id}", assets.delete_asset, methods=["DELETE"]),
            Route("/api/audio/assets/{asset_id}/stream", assets.stream),
            Route("/api/audio/edit/preview", editing.create_preview, methods=["POST"]),
            Route("/api/audio/edit/preview/{job_id}/audio", editing.preview_audio),
            Route("/api/audio/edit/save", editing.create_save, methods=["POST"]),
            *polled,
            Route("/api/render", rendering.create_render, methods=["POST"]),
            Route("/api/render", rendering.list_renders),
            Route("/api/render/{render_id}", rendering.unknown_render, methods=["GET", "PATCH", "DELETE"]),
            Route("/api/webhooks/worker", webhook, methods=["POST"]),
        ],
        exception_handlers={StudioError: _failed, ValueError: _failed, 404: _no_page},
    )
    app.state.web = Web(variables, network, background, defects)
    return _limited(app)


async def _page(_: Request) -> Response:
    """GET ``/``. It needs no backend: it is served even where every variable is missing."""
    return HTMLResponse(PAGE)


async def _no_page(_: Request, __: Exception) -> Response:
    return PlainTextResponse("404: This page could not be found.", 404)


async def _failed(request: Request, error: Exception) -> Response:
    """500, in the shape of the route's own errors."""
    path = request.url.path
    if UNCAUGHT.fullmatch(path):
        log(request, f"Error: {error}", "error")
        return PlainTextResponse("Internal Server Error", 500)
    if PLAIN.fullmatch(path):
        return plain_error(500, str(error))
    return api_error(500, "INTERNAL_ERROR", str(error))


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
