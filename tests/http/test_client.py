"""Requests are repeated where that is safe, and never where it is not; counted by a real server on loopback."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from deploybook import http
from deploybook.http.proxy import Routed


@dataclass
class Scripted:
    """A server that plays its answers in turn, then 200; 0 cuts the connection after reading the request."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Scripted]:
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            script.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
            status, headers = script.answers.pop(0) if script.answers else (200, {})
            if status == 0:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    script.url = f"http://127.0.0.1:{listening.server_port}"
    yield script
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def client(budget: float = 60.0) -> httpx.Client:
    waits: list[float] = []
    return httpx.Client(transport=http.RetryTransport(httpx.HTTPTransport(), budget, waits.append))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 525, 530, 0])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_may_be_repeated_is_repeated(server: Scripted, method: str, status: int) -> None:
    server.answers = [(status, {}), (status, {})]
    with client() as session:
        assert session.request(method, server.url, content=b"x").status_code == 200
    assert server.bodies == [b"x"] * 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 522])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_write_that_may_have_been_done_is_sent_once(server: Scripted, method: str, status: int) -> None:
    server.answers = [(status, {})]
    with client() as session:
        assert session.request(method, server.url).status_code == status
    assert len(server.bodies) == 1


def test_a_post_whose_answer_was_lost_is_sent_once(server: Scripted) -> None:
    server.answers = [(0, {})]
    with client() as session, pytest.raises(httpx.TransportError):
        session.post(server.url)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("status", [503, 0])
def test_a_post_that_only_reads_is_repeated(server: Scripted, status: int) -> None:
    server.answers = [(status, {}), (status, {})]
    with client() as session:
        answer = session.post(server.url, content=b"x", extensions={http.REPEATABLE_EXTENSION: True})
    assert answer.status_code == 200
    assert server.bodies == [b"x"] * 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_429_is_repeated_after_the_time_that_it_asks(server: Scripted, method: str) -> None:
    server.answers = [(429, {"Retry-After": "7"})]
    waits: list[float] = []
    transport = http.RetryTransport(httpx.HTTPTransport(), 60, waits.append)
    with httpx.Client(transport=transport) as session:
        assert session.request(method, server.url).status_code == 200
    assert waits == [7.0]


def test_a_limit_in_the_headers_of_another_error_delays_no_retry(server: Scripted) -> None:
    server.answers = [(502, {"X-RateLimit-Reset": str(int(time.time()) + 3000)})]
    with client() as session:
        assert session.get(server.url).status_code == 200
    assert len(server.bodies) == 2


def test_a_wait_beyond_the_budget_is_an_answer_at_once(server: Scripted) -> None:
    server.answers = [(429, {"Retry-After": "3600"})]
    with client() as session:
        assert session.get(server.url).status_code == 429
    assert len(server.bodies) == 1


def test_no_budget_means_no_repetition(server: Scripted) -> None:
    server.answers = [(503, {})]
    with http.open_client(retry_seconds=0) as session:
        assert session.get(server.url).status_code == 503


def test_a_closed_port_is_reported_within_the_budget() -> None:
    with http.open_client(retry_seconds=0.3) as session, pytest.raises(httpx.ConnectError):
        session.post("http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nobody.invalid"])
def test_an_address_that_refuses_is_reported_soon_however_large_the_budget(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    waits: list[float] = []
    with httpx.Client(transport=http.RetryTransport(Routed(), 3600, waits.append)) as session:
        monkeypatch.setattr("deploybook.http.client.REFUSED_SECONDS", 1e-9)
        with pytest.raises(httpx.ConnectError):
            session.get(url)
    assert waits == []


def test_a_process_that_is_to_stop_sends_nothing_more(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = threading.Event()
    monkeypatch.setattr("deploybook.http.client._stopping", stopping)
    server.answers = [(503, {}), (503, {}), (503, {})]
    transport = http.RetryTransport(httpx.HTTPTransport(), 3600, lambda _: http.stop())
    with httpx.Client(transport=transport) as session, pytest.raises(KeyboardInterrupt):
        session.get(server.url)
    assert len(server.bodies) == 1


def test_an_address_that_never_answered_is_waited_for_once_until_it_answers(server: Scripted) -> None:
    server.answers = [(0, {}), (0, {}), (0, {}), (200, {}), (503, {})]
    waits: list[float] = []
    transport = http.RetryTransport(httpx.HTTPTransport(), 1e-9, waits.append)
    with httpx.Client(transport=transport) as session:
        with pytest.raises(httpx.TransportError):
            session.get(server.url)
        transport._budget = 60
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                session.get(server.url)
        assert len(server.bodies) == 3
        assert waits == []
        assert [session.get(server.url).status_code for _ in range(2)] == [200, 200]
    assert len(server.bodies) == 6
    assert len(waits) == 1


def test_retry_after_is_read_in_all_its_forms() -> None:
    in_a_minute = email.utils.format_datetime(
        email.utils.parsedate_to_datetime(email.utils.formatdate(time.time() + 60))
    )
    assert http.retry_after(httpx.Headers({"Retry-After": "5"})) == 5
    assert 55 < (http.retry_after(httpx.Headers({"Retry-After": in_a_minute})) or 0) <= 60
    assert http.retry_after(httpx.Headers({"Ratelimit-Reset": "13"})) == 13
    assert 55 < (http.retry_after(httpx.Headers({"Ratelimit-Reset": str(int(time.time()) + 60)})) or 0) <= 60
    assert http.retry_after(httpx.Headers({"Retry-After": "soon"})) is None
    assert http.retry_after(httpx.Headers()) is None


def test_without_another_word_a_passing_fault_is_waited_out(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.http.client.FIRST_WAIT", 0.01)
    server.answers = [(503, {})]
    with http.open_client() as client:
        assert client.get(server.url).status_code == 200
    assert len(server.bodies) == 2
