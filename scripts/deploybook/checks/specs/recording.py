"""A dry run whose requests are recorded: a proxy on loopback stands before each provider's API in the sandbox.

What it records stays in this process's memory and is the sandbox's own: nothing of it is written anywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, urlsplit

import httpx

from deploybook.runbook.sandbox_session import SandboxProcess

# RFC 9110, 7.6.1; the body is passed on whole and decoded, so that what describes its coding goes too.
NOT_PASSED_ON = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "host"}
)
# Longer than the slowest answer of the sandbox.
SECONDS = 120.0


@dataclass(frozen=True)
class Exchange:
    """One request to a provider and its answer. ``path`` begins as the API's own URL does, without the host."""

    provider: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int
    response_type: str
    response_body: bytes = field(repr=False)


class RecordedSandbox(SandboxProcess):
    """A sandbox that is reached through the proxies; ``endpoints`` names each provider's endpoint variable."""

    def __init__(self, endpoints: Mapping[str, str], listener: Callable[[Exchange], None]) -> None:
        super().__init__()
        self._proxies = [self._proxy(provider, name, listener) for provider, name in endpoints.items()]

    def _proxy(self, provider: str, name: str, listener: Callable[[Exchange], None]) -> _Proxy:
        target = urlsplit(self.exports[name])
        server = _serve(provider, target, listener)
        self.exports[name] = f"http://127.0.0.1:{server.server_port}{target.path}"
        return server

    def close(self) -> None:
        """Close the proxies, and end the sandbox."""
        for proxy in self._proxies:
            proxy.shutdown()
            proxy.server_close()
        super().close()


class _Proxy(ThreadingHTTPServer):
    """Passes requests on by ``client``, which it closes with itself."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], client: httpx.Client) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._client = client
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def server_close(self) -> None:
        """Close the port and the connections to the sandbox."""
        super().server_close()
        self._client.close()


def _serve(provider: str, target: SplitResult, listener: Callable[[Exchange], None]) -> _Proxy:
    upstream = f"{target.scheme}://{target.netloc}"
    client = httpx.Client(base_url=upstream, trust_env=False, timeout=SECONDS)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            self.close_connection = not (self.raw_requestline and self.parse_request())
            if not self.close_connection:
                self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            passed_on = {name: value for name, value in headers.items() if name not in NOT_PASSED_ON}
            response = client.request(self.command, self.path, headers=passed_on, content=body)
            url = response.request.url
            kind = response.headers.get("content-type", "")
            query = tuple(url.params.multi_items())
            content = response.content.replace(upstream.encode(), self._origin.encode())
            # Beside its API, Render serves its dashboard and the deploy hooks, which nothing describes.
            if url.path.startswith(target.path):
                about = (provider, self.command, url.path, query, headers, body)
                listener(Exchange(*about, response.status_code, kind, response.content))
            self.send_response_only(response.status_code)
            for name, value in response.headers.multi_items():
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        @property
        def _origin(self) -> str:
            """What stands in place of the API's own origin: clients compare the two (a deploy hook has its API's)."""
            return f"http://127.0.0.1:{server.server_port}"

    server = _Proxy(Handler, client)
    return server
