"""A render that was handed to Modal and did not finish: Modal is asked itself, and what it says decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from deploybook.clouds import studio
from deploybook.clouds.studio import rendering
from deploybook.clouds.studio.client import Answer
from deploybook.errors import NotTested, VerificationFailed

HANDED_OVER = {"status": "processing", "stage": "dispatched-to-modal", "data": {"jobId": "job"}}
ROW = {"jobId": "job", "type": "render", "status": "processing", "metadata": "{}", "result": '{"modalCallId": "fc-1"}'}


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], studio.Journey]]:
    """A journey whose render stays at Modal, by what Modal's status endpoint answers."""
    monkeypatch.setattr(rendering, "FIRST_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(rendering, "CALLBACK_SECONDS", 0.0)
    servers = []

    def make(status: dict[str, str]) -> studio.Journey:
        class Status(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(status if self.path.endswith("call_id=fc-1") else {}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Status)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        app: Any = SimpleNamespace(call=lambda *_, **__: Answer(200, HANDED_OVER), url="https://studio.example")
        rows: Any = SimpleNamespace(query=lambda *_: [{**ROW, "updatedAt": ""}], call=lambda *_, **__: {})
        url = f"http://127.0.0.1:{server.server_port}"
        made = studio.Journey(app, rows, rows, SecretStr("x"), 0.0, status_url=url)
        made.playback_url = "https://r2.example/tone.wav"
        return made

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_function_that_is_not_run_here_is_not_tested(walk: Callable[[dict[str, str]], studio.Journey]) -> None:
    said = "Not run here: render_cpu needs chromium, which its image installs; it was given config, job_id"
    with pytest.raises(NotTested, match="needs chromium, which its image installs; it was given config, job_id"):
        studio.render(walk({"status": "failed", "error": said}))


def test_a_call_that_failed_at_modal_is_named_by_its_error(walk: Callable[[dict[str, str]], studio.Journey]) -> None:
    error = "TypeError: render_cpu() got an unexpected keyword argument 'audio_signed_url'"
    with pytest.raises(VerificationFailed, match="unexpected keyword argument") as caught:
        studio.render(walk({"status": "failed", "error": error}))
    assert caught.value.entry == "modal-dispatch"


def test_a_render_that_failed_and_called_back_is_told_by_its_own_error(
    walk: Callable[[dict[str, str]], studio.Journey],
) -> None:
    journey = walk({"status": "failed", "error": "AccessDenied"})
    answer = Answer(200, {**HANDED_OVER, "status": "failed", "error": "AccessDenied"})
    journey.studio = cast("Any", SimpleNamespace(call=lambda *_, **__: answer, url="https://studio.example"))
    with pytest.raises(VerificationFailed, match="The render failed: AccessDenied"):
        studio.render(journey)


def test_a_call_that_has_not_failed_is_waited_for(walk: Callable[[dict[str, str]], studio.Journey]) -> None:
    with pytest.raises(VerificationFailed, match="Modal finished the video"):
        studio.render(walk({"status": "running"}))
