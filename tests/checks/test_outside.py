"""Links to other hosts, asked of a server on loopback; the guide's own are asked only by the scheduled workflow."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from tests.checks.mutate import ROOT
from tests.checks.trees import tree_at

from deploybook.checks import outside
from deploybook.checks.outside import Location, dead, links

HERE = Location("docs/page.md", 3)
# What each path answers to HEAD, and to GET.
ANSWERS = {
    "/page": (200, 200),
    "/gone": (404, 404),
    "/broken": (500, 500),
    "/no-head": (404, 200),
    "/neither": (405, 410),
    "/for-people": (403, 403),
}


class Host(BaseHTTPRequestHandler):
    requests: list[str]

    def do_HEAD(self) -> None:
        self._answer(0)

    def do_GET(self) -> None:
        self._answer(1)

    def _answer(self, which: int) -> None:
        self.requests.append(f"{self.command} {self.path}")
        moved = self.path == "/moved"
        self.send_response(301 if moved else ANSWERS[self.path][which])
        if moved:
            self.send_header("Location", "/gone")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(outside, "RETRY_SECONDS", 0.0)
    Host.requests = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def problems(*addresses: str) -> list[str]:
    return [finding.message for finding in dead({address: {HERE} for address in addresses})]


def test_a_page_that_is_there_is_asked_for_by_its_head_alone(host: str) -> None:
    assert problems(f"{host}/page") == []
    assert Host.requests == ["HEAD /page"]


def test_a_page_that_is_gone_is_found_at_each_place(host: str) -> None:
    other = Location("README.md", 1)
    result = list(dead({f"{host}/gone": {HERE, other}}))
    assert {(finding.path, finding.line, finding.rule) for finding in result} == {
        ("docs/page.md", 3, "link-outside"),
        ("README.md", 1, "link-outside"),
    }
    assert {finding.message for finding in result} == {f"{host}/gone answers 404"}


@pytest.mark.parametrize("path", ["/moved", "/broken", "/neither"])
def test_a_redirection_to_nothing_and_a_lasting_error_are_found(host: str, path: str) -> None:
    assert len(problems(host + path)) == 1


@pytest.mark.parametrize("path", ["/no-head", "/for-people"])
def test_a_host_that_treats_programs_otherwise_is_no_finding(host: str, path: str) -> None:
    assert problems(host + path) == []


def test_a_host_that_does_not_answer_is_found_and_the_others_are_asked_all_the_same(host: str) -> None:
    (message,) = problems("http://127.0.0.1:9/", f"{host}/page")
    assert message.startswith("http://127.0.0.1:9/ does not answer: ")


def test_the_guides_links_are_gathered_with_their_lines_and_without_those_to_nobody() -> None:
    addresses = links(tree_at(ROOT))
    assert len(addresses) > 10
    for address, places in addresses.items():
        assert "#" not in address
        assert ".example" not in address
        for place in places:
            line = (ROOT / place.path).read_text(encoding="utf-8").splitlines()[place.line - 1]
            assert address in line or place.path.endswith(".ipynb"), f"{place}: {address}"
