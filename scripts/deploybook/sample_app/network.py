"""The internet as the application sees it: host names and trust. Every address comes from the application's variables.

Only R2's names resolve, to the R2 of this machine. A request keeps its Host and its TLS server name, so what was signed stays
valid, and a wrong account ID ends in the handshake as it does at R2, whose certificates are for one account each (cloudflare-docs#18906).
"""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path

import httpx

R2_DOMAIN = ".r2.cloudflarestorage.com"


class Network:
    """The connections of everything that the application sends. It knows nobody's keys."""

    def __init__(self, authority: Path) -> None:
        self._trust = ssl.create_default_context(cafile=str(authority))
        self._objects: httpx.URL | None = None
        # By name: a connection that is open for one account's certificate must not carry another account's requests.
        self._pools: dict[str, httpx.AsyncHTTPTransport] = {}

    def place_r2(self, url: str) -> None:
        """Lead R2's names to this URL; before that they do not resolve."""
        self._objects = httpx.URL(url)

    def client(self, seconds: float = 30) -> httpx.AsyncClient:
        """A client; it needs no closing, because its connections are the network's."""
        return httpx.AsyncClient(transport=_Route(self), timeout=seconds, trust_env=False)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send one request to where its name leads."""
        host = request.url.host
        if self._objects is not None and host.endswith(R2_DOMAIN):
            target = self._objects
            request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
            request.extensions = {**request.extensions, "sni_hostname": host}
        elif not _is_loopback(host):
            raise httpx.ConnectError(f"getaddrinfo ENOTFOUND {host}", request=request)
        name = host if host.endswith(R2_DOMAIN) else ""
        if name not in self._pools:
            self._pools[name] = self._open()
        return await self._pools[name].handle_async_request(request)

    async def reset(self) -> None:
        """Close every connection; later requests open new ones."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _open(self) -> httpx.AsyncHTTPTransport:
        # No limit: a request that waits here for another one's connection could wait for itself.
        return httpx.AsyncHTTPTransport(verify=self._trust, limits=httpx.Limits(max_connections=None))


class _Route(httpx.AsyncBaseTransport):
    def __init__(self, network: Network) -> None:
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._network.send(request)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
