"""A web app's server behind the sandbox's edge: requests are passed on as Vercel passes them, answers are held to its limit."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deploybook.sandbox.core.serving import free_port
from deploybook.sandbox.own_app.processes import Log, follow, start, stop
from deploybook.sandbox.own_app.web import WebBuild

# https://vercel.com/docs/functions/limitations#request-body-size: it holds for what a function answers too.
LARGEST_ANSWER = 4_718_592
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length"})
# A server that has said nothing after so many seconds will not come up.
SECONDS_TO_START = 60.0


class ServedApp:
    """One deployment that serves: an ASGI app in front of a process."""

    def __init__(self, process: Process, port: int, log: Log) -> None:
        self._process = process
        self._reader = asyncio.create_task(follow(process, log))
        # Node.js closes a connection that is idle for five seconds: one that is used again may be closing at that moment.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=300, trust_env=False, limits=limits
        )

    @classmethod
    async def start(cls, build: WebBuild, variables: dict[str, str], log: Log) -> ServedApp:
        """Start the server and wait until it answers. Raises RuntimeError if it does not."""
        port = free_port()
        process = await start(build.start_command(port), build.folder, build.environment(variables, port))
        served = cls(process, port, log)
        try:
            await served._wait()
        except BaseException:
            await served.stop()
            raise
        return served

    async def _wait(self) -> None:
        deadline = asyncio.get_running_loop().time() + SECONDS_TO_START
        while True:
            try:
                await self._client.get("/favicon.ico")
                return
            except httpx.TransportError:
                if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                    raise RuntimeError(f"the server did not start (status {self._process.returncode})") from None
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End the server."""
        await stop(self._process, grace=0)
        await self._reader
        await self._client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._pass_on(request)
        await response(scope, receive, send)

    async def _pass_on(self, request: Request) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
        host = request.headers.get("host", "")
        headers += [("x-forwarded-host", host), ("x-forwarded-proto", "https"), ("x-forwarded-for", "127.0.0.1")]
        # As it came, percent-encoding and all.
        path = bytes(request.scope.get("raw_path") or request.url.path.encode())
        url = path.decode("latin-1") + (f"?{request.url.query}" if request.url.query else "")
        body = await request.body()
        sent = self._client.build_request(request.method, url, headers=headers, content=body)
        answer = await self._client.send(sent, stream=True)
        if request.url.path.startswith("/api/") and int(answer.headers.get("content-length") or 0) > LARGEST_ANSWER:
            await answer.aclose()
            name = "FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE"
            return PlainTextResponse(f"Payload Too Large\n\n{name}\n", 500, {"x-vercel-error": name})
        response = StreamingResponse(_raw(answer), answer.status_code)
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode().lower() not in HOP_BY_HOP - {"content-length"}
        ]
        return response


async def _raw(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        with contextlib.suppress(httpx.HTTPError):
            await answer.aclose()
