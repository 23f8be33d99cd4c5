"""Vercel's edge: finds the deployment for a request by its Host header, guards it, serves it, and logs what it answered."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.vercel.state import State
from deploybook.sandbox.vercel.state.deployments import GOING, Deployment, LogLine
from deploybook.sandbox.vercel.state.identifiers import mint
from deploybook.sandbox.vercel.state.projects import Domain, Project

# The journal's and the faults' name for requests to deployed sites, so that they are never counted as calls of the API.
SITE = "vercel-site"
MAX_LOG_LINES = 2000
# https://vercel.com/docs/functions/limitations#request-body-size: 4.5 MB, above which the function never sees the request.
MAX_BODY = 4_718_592

WebFactory = Callable[[dict[str, str]], ASGIApp]


class Edge:
    """One https listener for each project and each deployment; all lead here. ``sites`` holds each deployment's app."""

    def __init__(self, context: Context, state: State) -> None:
        self.web_factory: WebFactory | None = None
        # What serves a deployment that was built for real.
        self.host: Callable[[Deployment], ASGIApp | None] | None = None
        self.sites: dict[str, ASGIApp] = {}
        self._context = context
        self._state = state
        self._listeners: dict[str, Listener] = {}

    async def open(self, port: int = 0) -> str:
        """A new address, without scheme, as Vercel's API gives them; 0 takes a free port."""
        listener = await self._context.serve(SITE, self, tls=True, port=port, any_host=True)
        host = f"127.0.0.1:{listener.port}"
        self._listeners[host] = listener
        return host

    def ports(self) -> list[int]:
        """The port of every address."""
        return [listener.port for listener in self._listeners.values()]

    async def close(self, host: str) -> None:
        """Give an address up."""
        listener = self._listeners.pop(host, None)
        if listener is not None:
            await listener.close()

    async def close_all(self) -> None:
        """Give every address up."""
        self.sites.clear()
        await asyncio.gather(*(self.close(host) for host in list(self._listeners)))

    def mount(self, deployment: Deployment) -> None:
        """Make the app of a READY deployment: the web app with exactly its variables, or its static files."""
        served = self.host(deployment) if self.host is not None else None
        if served is not None:
            self.sites[deployment.id] = served
        elif self.web_factory is None:
            self.sites[deployment.id] = StaticSite(deployment.name, deployment.output)
        else:
            self.sites[deployment.id] = _made(self.web_factory, deployment)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        host = request.headers.get("host", "").lower()
        send = _branded(send)
        deployment = self._find(host)
        refusal = self._refuse(request, host, deployment)
        if refusal is not None or deployment is None:
            await (refusal or _absent())(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            page = error_page(413, "FUNCTION_PAYLOAD_TOO_LARGE", "Request Entity Too Large")
            await page(scope, receive, send)
            return
        await self._run(deployment, host, scope, _replayed(body, receive), send)

    def _find(self, host: str) -> Deployment | None:
        alias = self._state.aliases.get(host)
        if alias is not None:
            return alias.deployment
        return next((one for one in self._state.deployments.values() if one.url == host), None)

    def _refuse(self, request: Request, host: str, deployment: Deployment | None) -> Response | None:
        domain = self._domain(host)
        if domain is not None and domain.redirect:
            target = f"https://{domain.redirect}{request.url.path}"
            return RedirectResponse(target, domain.redirect_status_code or 307)
        if deployment is None:
            return _absent()
        if deployment.state in GOING:
            return error_page(503, "DEPLOYMENT_NOT_READY", "The deployment is still being built", {"retry-after": "1"})
        if deployment.id not in self.sites:
            return _absent()
        project = deployment.project
        if project.paused:
            return error_page(503, "DEPLOYMENT_PAUSED", "This deployment is temporarily paused")
        if project.attack_mode:
            return _challenge()
        guarded = project.protects(production_domain=domain is not None, production=deployment.production)
        if guarded and not _may_bypass(request, project):
            return HTMLResponse("<!doctype html><title>Authentication Required</title>", 401)
        return None

    def _domain(self, host: str) -> Domain | None:
        return next((one.domains[host] for one in self._state.projects.all() if host in one.domains), None)

    async def _run(self, deployment: Deployment, host: str, scope: Scope, receive: Receive, send: Send) -> None:
        status: list[int] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            await send(message)

        def log(message: str, level: str = "info") -> None:
            _log(deployment, LogLine(message, level, "serverless", host, scope["method"], scope["path"], 0))

        # The web app's own console: it may write lines to the runtime log of the deployment that runs it.
        scope.setdefault("state", {})["log"] = log
        try:
            await self.sites[deployment.id](scope, receive, noting)
        except Exception as problem:
            log(f"{type(problem).__name__}: {problem}", "error")
            if status:
                raise
            page = error_page(500, "FUNCTION_INVOCATION_FAILED", "A server error has occurred")
            await page(scope, receive, noting)
        line = f"{scope['method']} {scope['path']}"
        level = "error" if status and status[0] >= 500 else "info"
        _log(
            deployment,
            LogLine(line, level, "request", host, scope["method"], scope["path"], status[0] if status else 0),
        )


def _made(factory: WebFactory, deployment: Deployment) -> ASGIApp:
    try:
        return factory(dict(deployment.variables))
    except Exception as problem:  # noqa: BLE001 - a web app that cannot start is a crashed function, not a broken sandbox
        return crashed(f"{type(problem).__name__}: {problem}")


def _log(deployment: Deployment, line: LogLine) -> None:
    deployment.logs.append(line)
    del deployment.logs[:-MAX_LOG_LINES]


def _may_bypass(request: Request, project: Project) -> bool:
    name = "x-vercel-protection-bypass"
    value = request.headers.get(name) or request.query_params.get(name) or ""
    return any(secrets.compare_digest(value.encode(), secret.encode()) for secret in project.bypasses)


async def _read(receive: Receive) -> bytes | None:
    """The request's body, or None if it is larger than the edge lets through."""
    body = b""
    while len(body) <= MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body if len(body) <= MAX_BODY else None
    return None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What the app receives: the body, then whatever the connection still brings."""
    pending = [{"type": "http.request", "body": body}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _challenge() -> Response:
    """Attack Challenge Mode: a page whose script a browser must pass (headers as in elevenlabs/ui#80)."""
    page = "<!doctype html><title>Vercel Security Checkpoint</title><p>We're verifying your browser</p>"
    return HTMLResponse(page, 429, {"x-vercel-mitigated": "challenge"})


def _absent() -> Response:
    return error_page(404, "DEPLOYMENT_NOT_FOUND", "The deployment could not be found on Vercel.")


def _branded(send: Send) -> Send:
    async def branded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Any = MutableHeaders(scope=message)
            headers["server"] = "Vercel"
            headers["x-vercel-id"] = f"iad1::{mint(length=20).lower()}"
        await send(message)

    return branded


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
        await self._respond(Request(scope))(scope, receive, send)

    def _respond(self, request: Request) -> Response:
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
