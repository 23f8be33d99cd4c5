"""Where a request really goes: through the operator's proxy, if there is one, and to the sandbox, if it stands for the host."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping

import httpx


class Routed(httpx.BaseTransport):
    """Connects as the environment says.

    ``stands_for`` maps the end of a host name to the URL that answers for it, such as ``.r2.cloudflarestorage.com`` to the value of
    ``R2_ENDPOINT_URL``: the request keeps its name (Host and TLS server name), so that what was signed for it stays valid.
    Proxies are ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``: httpx heeds these itself only without a transport of ours.
    """

    def __init__(self, stands_for: Mapping[str, str] | None = None) -> None:
        self._stands_for = {ending: httpx.URL(url) for ending, url in (stands_for or {}).items()}
        self._by_proxy: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request on its way."""
        host = request.url.host
        for ending, target in self._stands_for.items():
            if host.endswith(ending):
                request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
                request.extensions = {**request.extensions, "sni_hostname": host}
        return self._transport(_proxy(request.url)).handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._by_proxy.values():
            transport.close()

    def _transport(self, proxy: str | None) -> httpx.HTTPTransport:
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = httpx.HTTPTransport(proxy=proxy)
        return self._by_proxy[proxy]


def _proxy(url: httpx.URL) -> str | None:
    if urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
