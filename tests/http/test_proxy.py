"""Requests take the operator's proxy, and reach what stands for a host without losing the host's name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploybook import http
from deploybook.errors import InvalidValue


@pytest.fixture
def recorder() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server's URL, and the request target and Host header of what it was asked."""
    requests: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append((self.path, self.headers["host"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_stands_for_a_host_hears_the_hosts_name(recorder: tuple[str, list[tuple[str, str]]]) -> None:
    url, requests = recorder
    with http.open_client(stands_for={".r2.example.com": url}) as client:
        assert client.get("https://account.r2.example.com/bucket/key?sign=1").status_code == 204
    assert requests == [("/bucket/key?sign=1", "account.r2.example.com")]


def test_other_hosts_are_left_alone(recorder: tuple[str, list[tuple[str, str]]]) -> None:
    url, requests = recorder
    with http.open_client(stands_for={".r2.example.com": "http://127.0.0.1:9"}) as client:
        assert client.get(f"{url}/x").status_code == 204
    assert requests[0][0] == "/x"


def test_the_operators_proxy_is_used(
    recorder: tuple[str, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests = recorder
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.setenv("no_proxy", "")
    with http.open_client() as client:
        assert client.get("http://api.example.com/x").status_code == 204
    assert requests == [("http://api.example.com/x", "api.example.com")]


def test_hosts_without_a_proxy_are_reached_directly(
    recorder: tuple[str, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests = recorder
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.open_client() as client:
        assert client.get(f"{url}/direct").status_code == 204
    assert requests[0][0] == "/direct"


@pytest.mark.parametrize("value", ["127.0.0.1:{port}", "http://127.0.0.1:{port}"])
def test_a_proxy_without_a_scheme_is_an_http_proxy_as_to_curl(
    recorder: tuple[str, list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    url, requests = recorder
    monkeypatch.setenv("HTTP_PROXY", value.format(port=url.rpartition(":")[2]))
    monkeypatch.setenv("no_proxy", "")
    with http.open_client() as client:
        assert client.get("http://api.example.com/x").status_code == 204
    assert requests == [("http://api.example.com/x", "api.example.com")]


@pytest.mark.parametrize(
    ("variable", "value", "kind"),
    [
        ("ALL_PROXY", "socks5://user:hunter2@127.0.0.1:1080", "a SOCKS proxy"),
        ("https_proxy", "socks5h://127.0.0.1:1080", "a SOCKS proxy"),
        ("HTTPS_PROXY", "ftp://127.0.0.1", "no URL of an HTTP proxy"),
        ("HTTPS_PROXY", "http://", "no URL of an HTTP proxy"),
        ("HTTPS_PROXY", "http://[::1", "no URL of an HTTP proxy"),
    ],
)
def test_a_proxy_that_no_client_speaks_to_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, kind: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("no_proxy", "")
    with http.open_client() as client, pytest.raises(InvalidValue, match=f"{variable} is {kind}") as refused:
        client.get("https://api.example.com/x")
    assert "hunter2" not in str(refused.value)
    assert f"unset {variable}" in refused.value.hint


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_is_none_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with http.open_client() as client, pytest.raises(InvalidValue, match=f"SSL_CERT_FILE names {path}"):
        client.get("http://127.0.0.1:9/x")
