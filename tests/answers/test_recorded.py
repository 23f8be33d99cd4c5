"""What providers were seen to answer, played to the clients: each file of ``recorded/`` says what must come of it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploybook.errors import ServiceError

FOLDER = Path(__file__).parent / "recorded"
CASES = sorted(FOLDER.rglob("*.json"))
FIELDS = {"case", "source", "operation", "exchanges", "expected"}


class Player:
    """Stands in for ``RandomProvider``: answers with the exchanges of a file, in their order."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self.left = list(exchanges)

    def client(self, base_url: str) -> httpx.Client:
        """A client whose requests are answered from the file."""
        return httpx.Client(base_url=base_url, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The next answer; raises AssertionError for another request than the file has."""
        assert self.left, f"{request.method} {request.url.path} is one request more than was recorded"
        exchange = self.left.pop(0)
        assert request.method == exchange["method"]
        assert request.url.path == exchange["path"]
        body = {name: exchange[name] for name in ("json", "text") if name in exchange}
        answer = httpx.Response(exchange["status"], **body)
        answer.headers.update(exchange["headers"])
        return answer


def perform(provider: str, operation: str, player: Player) -> object:
    """What the client, or a step of the runbook, makes of the answers."""
    module = importlib.import_module(f"tests.answers.test_{provider}")
    return module.perform(operation, player)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_recorded_answer_is_understood(path: Path) -> None:
    recorded = json.loads(path.read_text())
    assert recorded.keys() == FIELDS
    player = Player(recorded["exchanges"])
    expected = recorded["expected"]
    if "result" in expected:
        assert perform(path.parent.name, recorded["operation"], player) == expected["result"]
    else:
        with pytest.raises(ServiceError) as caught:
            perform(path.parent.name, recorded["operation"], player)
        assert_said(caught.value, expected)
    assert player.left == []


def assert_said(error: ServiceError, expected: Mapping[str, Any]) -> None:
    assert type(error).__name__ == expected["error"]
    assert error.entry == expected["entry"]
    assert [text for text in expected["says"] if text not in error.message] == [], error.message
    assert [text for text in expected["hints"] if text not in error.hint] == [], error.hint


def test_another_request_than_the_recorded_one_is_noticed() -> None:
    player = Player([{"method": "GET", "path": "/a", "status": 200, "headers": {}}])
    with pytest.raises(AssertionError):
        player.client("https://api.example.com").get("/b")
    with pytest.raises(AssertionError, match="one request more"):
        player.client("https://api.example.com").get("/b")
