"""Where a request really goes: through the operator's proxy, if there is one, and to the sandbox, if it stands for the host."""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from functools import lru_cache

import httpx

from deploybook.errors import InvalidValue

CA_VARIABLE = "SSL_CERT_FILE"


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
        """Send one request on its way. Raises InvalidValue for a proxy or a file of certificates that cannot be used."""
        host = request.url.host
        for ending, target in self._stands_for.items():
            if host.endswith(ending):
                request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
                request.extensions = {**request.extensions, "sni_hostname": host}
        return self._transport(proxy_for(str(request.url))).handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._by_proxy.values():
            transport.close()

    def _transport(self, proxy: str | None) -> httpx.HTTPTransport:
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = httpx.HTTPTransport(verify=_trusted(), proxy=proxy)
        return self._by_proxy[proxy]


def _trusted() -> ssl.SSLContext:
    """The authorities that the environment names, or else httpx's own."""
    path = ca_file()
    return _certificates(path) if path else _bundle(os.environ.get("SSL_CERT_DIR"))


# Read once for all clients: that takes longer than a request.
@lru_cache(maxsize=16)
def _certificates(path: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


@lru_cache(maxsize=16)
def _bundle(folder: str | None) -> ssl.SSLContext:
    """``folder`` is what httpx reads from the environment."""
    del folder
    return httpx.create_ssl_context()


def proxy_for(url: str) -> str | None:
    """The proxy for a URL, as the environment names it, or None.

    Without a scheme it is an HTTP proxy, as it is to curl. Raises InvalidValue, naming the variable, for one that no client here speaks to.
    """
    target = httpx.URL(url)
    # Both functions read the whole environment, and this is called for every request: mostly there is no proxy.
    proxies = urllib.request.getproxies()
    scheme = next((scheme for scheme in (target.scheme, "all") if proxies.get(scheme)), None)
    if scheme is None or urllib.request.proxy_bypass(target.host):
        return None
    return _usable(_variable(f"{scheme}_proxy"), proxies[scheme])


def ca_file(*also: str) -> str | None:
    """The file of certificates that the operator trusts, from ``SSL_CERT_FILE``, else from the first of ``also`` that is set.

    Raises InvalidValue, naming the variable, for a file that holds none.
    """
    variable = next((name for name in (CA_VARIABLE, *also) if os.environ.get(name)), None)
    if variable is None:
        return None
    path = os.environ[variable]
    try:
        _certificates(path)
    except (OSError, ssl.SSLError):
        raise InvalidValue(
            f"{variable} names {path}, which is not a certificate file.",
            f"Correct the path, or run unset {variable}.",
        ) from None
    return path


def _usable(variable: str, value: str) -> str:
    proxy = value if "://" in value else f"http://{value}"
    scheme, _, rest = proxy.partition("://")
    if scheme.lower() in {"http", "https"} and _has_host(proxy):
        return proxy
    # The value may hold a password.
    kind = (
        "a SOCKS proxy" if scheme.lower().startswith("socks") else f"no URL of an HTTP proxy ({len(rest)} characters)"
    )
    raise InvalidValue(
        f"{variable} is {kind}, and deploybook speaks to HTTP proxies only.",
        f"Run unset {variable}, or export {variable}=http://HOST:PORT.",
    )


def _has_host(proxy: str) -> bool:
    try:
        return bool(httpx.URL(proxy).host)
    except httpx.InvalidURL:
        return False


def _variable(name: str) -> str:
    return name if os.environ.get(name) else name.upper()
