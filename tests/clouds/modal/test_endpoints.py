"""The two web endpoints: what counts is the body, and no check starts a render."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.errors import NotTested, Unreachable, VerificationFailed

TOKEN = SecretStr("a" * 64)
Urls = Mapping[str, SecretStr]
Answer = Callable[[dict[str, Any]], Any]


def urls(base: str) -> Urls:
    return {
        name: SecretStr(f"{base}/x-{kind}")
        for name, kind in (("MODAL_ENDPOINT_URL", "submit"), ("MODAL_STATUS_URL", "status"))
    }


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[Urls, list[dict[str, Any]]]]]:
    """An app that answers every request with 200 and a function's result; and the bodies that it received."""
    servers = []

    def start(answer: Answer) -> tuple[Urls, list[dict[str, Any]]]:
        bodies: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def reply(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                bodies.append(body)
                said = answer(body)
                self.send_response(said if isinstance(said, int) else 200)
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = reply  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.02,), daemon=True).start()
        return urls(f"http://127.0.0.1:{servers[-1].server_port}"), bodies

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_deployed_app_refuses_a_wrong_token_and_takes_the_right_one(
    clouds: Connections,
    app: modal.ModalApp,
    render_auth: modal.ModalSecret,
    token: SecretStr,
) -> None:
    render_auth.create(clouds)
    deployed = app.create(clouds)
    urls = {
        "MODAL_ENDPOINT_URL": SecretStr(deployed.url("submit")),
        "MODAL_STATUS_URL": SecretStr(deployed.url("status")),
    }
    assert modal.wrong_token_is_refused(urls, {"MODAL_AUTH_TOKEN": token})
    assert modal.unknown_call_is_not_found(urls)
    with pytest.raises(VerificationFailed) as caught:
        modal.right_token_is_accepted(urls, {"MODAL_AUTH_TOKEN": TOKEN})
    assert caught.value.entry == "modal-dispatch"
    assert caught.value.found == "status 401, error refused"
    app.delete(clouds, deployed)
    with pytest.raises(VerificationFailed, match="modal-http: "):
        modal.right_token_is_accepted(urls, {"MODAL_AUTH_TOKEN": token})
    with pytest.raises(NotTested, match="modal-http: "):
        modal.wrong_token_is_refused(urls, {"MODAL_AUTH_TOKEN": token})


def test_an_app_that_takes_any_token_is_found_out(serve: Any) -> None:
    urls, _ = serve(lambda _: {"error": "config is required", "status": 400})
    with pytest.raises(VerificationFailed, match="does not refuse a wrong token"):
        modal.wrong_token_is_refused(urls, {"MODAL_AUTH_TOKEN": TOKEN})


def test_an_app_that_takes_no_token_is_found_out_and_proves_nothing_by_its_refusals(serve: Any) -> None:
    urls, _ = serve(lambda _: {"error": "Unauthorized", "status": 401})
    with pytest.raises(NotTested, match="the vault's token is not accepted either"):
        modal.wrong_token_is_refused(urls, {"MODAL_AUTH_TOKEN": TOKEN})
    with pytest.raises(VerificationFailed, match="does not accept the vault's MODAL_AUTH_TOKEN"):
        modal.right_token_is_accepted(urls, {"MODAL_AUTH_TOKEN": TOKEN})


def test_the_right_token_comes_with_nothing_that_could_be_rendered(serve: Any) -> None:
    urls, bodies = serve(lambda _: {"call_id": "fc-1", "gpu": True, "job_id": "x"})
    with pytest.raises(VerificationFailed, match="call_id fc-1"):
        modal.right_token_is_accepted(urls, {"MODAL_AUTH_TOKEN": TOKEN})
    assert bodies == [{"auth_token": TOKEN.get_secret_value()}]


@pytest.mark.parametrize("reply", [b"not json", b"[]", 404, 302, b""])
def test_an_answer_that_is_not_the_applications_fails_every_check(serve: Any, reply: Any) -> None:
    urls, _ = serve(lambda _: reply)
    with pytest.raises(VerificationFailed, match="did not answer as the application's"):
        modal.unknown_call_is_not_found(urls)
    with pytest.raises(NotTested, match="did not answer as the application's"):
        modal.wrong_token_is_refused(urls, {"MODAL_AUTH_TOKEN": TOKEN})


@pytest.mark.parametrize(("reply", "entry"), [(404, "modal-app-stopped"), (500, "modal-dispatch")])
def test_an_endpoint_without_an_app_is_told_from_one_that_fails(serve: Any, reply: int, entry: str) -> None:
    urls, _ = serve(lambda _: reply)
    with http.patience(0), pytest.raises(VerificationFailed) as caught:
        modal.unknown_call_is_not_found(urls)
    assert caught.value.entry == entry


def test_an_echoed_token_is_not_shown(serve: Any) -> None:
    urls, _ = serve(lambda body: body)
    with pytest.raises(VerificationFailed) as caught:
        modal.right_token_is_accepted(urls, {"MODAL_AUTH_TOKEN": TOKEN})
    assert TOKEN.get_secret_value() not in str(caught.value)


@pytest.mark.parametrize(
    "answer", [{"status": "completed", "result": {}}, {"status": "failed", "result": {}}, {"status": "running"}]
)
def test_a_status_endpoint_that_knows_everything_is_found_out(serve: Any, answer: dict[str, Any]) -> None:
    urls, _ = serve(lambda _: answer)
    with pytest.raises(VerificationFailed, match="reports a call that does not exist"):
        modal.unknown_call_is_not_found(urls)


def test_a_status_endpoint_that_fails_for_a_reason_of_its_own_says_nothing_of_the_call(serve: Any) -> None:
    urls, _ = serve(lambda _: {"status": "failed", "error": "no secret"})
    with pytest.raises(NotTested, match="no secret"):
        modal.unknown_call_is_not_found(urls)


@pytest.mark.parametrize(
    "answer", [{"status": "failed", "error": "Call fc-x not found"}, {"status": "unknown", "error": "no id"}]
)
def test_a_call_that_never_was_is_failed_or_unknown(serve: Any, answer: dict[str, Any]) -> None:
    urls, _ = serve(lambda _: answer)
    assert modal.unknown_call_is_not_found(urls).startswith(f"status {answer['status']}")


def test_an_endpoint_that_is_not_there_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "open_client", lambda **_: httpx.Client(trust_env=False))
    with http.patience(0), pytest.raises(Unreachable, match="cannot be reached"):
        modal.unknown_call_is_not_found(urls("http://127.0.0.1:9"))
