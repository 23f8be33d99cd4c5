"""Modal's client: time limits, refusals as our errors, and nothing of the operator's own configuration."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import modal as sdk
import pytest
from grpclib import GRPCError, Status
from grpclib.client import Channel
from modal._utils.time_utils import month_length
from modal_proto import api_pb2
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox
from tests.waiting import PATIENCE_SECONDS

from deploybook import http
from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.clouds.modal.client import Modal
from deploybook.clouds.modal.refusals import modal_errors
from deploybook.clouds.modal.shown_answers import show_answers
from deploybook.errors import (
    Conflict,
    InvalidValue,
    MissingVariable,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)


def test_the_preflight_names_the_workspace_and_the_environment(clouds: Connections) -> None:
    assert modal.token_is_valid(clouds.modal) == "workspace sandbox-operator"
    assert modal.environment_is_there(clouds.modal, "") == "main"
    assert modal.environment_is_there(clouds.modal, "main") == "main"
    with pytest.raises(NotFound, match="Environment 'nowhere' not found"):
        modal.environment_is_there(clouds.modal, "nowhere")


@pytest.mark.parametrize("changed", [{"MODAL_TOKEN_SECRET": "as-canary"}, {"MODAL_TOKEN_ID": "ak-canary"}])
def test_a_wrong_token_is_unauthorized_and_not_repeated_in_the_message(
    sandbox: RunningSandbox, connect: Connect, changed: dict[str, str]
) -> None:
    with pytest.raises(Unauthorized) as caught:
        modal.token_is_valid(connect(sandbox, **changed).modal)
    assert "canary" not in "\n".join(caught.value.lines())
    assert "MODAL_TOKEN_SECRET" in caught.value.hint


def test_what_is_missing_or_malformed_is_named_before_any_request(sandbox: RunningSandbox, connect: Connect) -> None:
    with pytest.raises(MissingVariable, match="MODAL_TOKEN_ID"):
        _ = connect(sandbox, MODAL_TOKEN_ID="").modal
    with pytest.raises(InvalidValue, match="MODAL_TOKEN_SECRET contains white space"):
        _ = connect(sandbox, MODAL_TOKEN_SECRET="as-x\n").modal
    with pytest.raises(InvalidValue, match="MODAL_SERVER_URL"):
        _ = connect(sandbox, MODAL_SERVER_URL="api.modal.com").modal
    assert sandbox.journal("modal") == []


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_closed_port_is_given_up_long_before_the_sdk_would(connect: Connect, sandbox: RunningSandbox) -> None:
    connect(sandbox)
    nowhere = Modal("ak-x", SecretStr("as-x"), "http://127.0.0.1:9", seconds=1)
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 gave no answer within 1 seconds"):
        nowhere.workspace()
    assert time.monotonic() - started < 30, "the SDK tries for a minute"


def test_a_server_that_never_answers_is_given_up(connect: Connect, sandbox: RunningSandbox, silent: str) -> None:
    connect(sandbox)
    mute = Modal("ak-x", SecretStr("as-x"), silent, seconds=1)

    async def hello(client: sdk.Client) -> None:
        await client.hello.aio()

    with pytest.raises(Unreachable, match=r"could not say hello: .* within 1 seconds"):
        mute.run("say hello", hello, 1)
    mute.close()


def test_a_server_that_speaks_something_else_is_unreachable(connect: Connect, sandbox: RunningSandbox) -> None:
    other = connect(sandbox, MODAL_SERVER_URL=sandbox.exports["DEPLOYBOOK_SANDBOX_URL"]).modal
    with pytest.raises(Unreachable, match="broke"):
        other.workspace()


def test_a_passing_failure_is_ridden_out_and_a_lasting_one_is_unreachable(
    clouds: Connections, connect: Connect, sandbox: RunningSandbox
) -> None:
    fault = {"service": "modal", "kind": "status", "path": ".*/WorkspaceNameLookup"}
    sandbox.control.post("/faults", json=fault | {"times": 2}).raise_for_status()
    assert clouds.modal.workspace()
    sandbox.control.post("/faults", json=fault | {"times": 50}).raise_for_status()
    with pytest.raises(Unreachable, match="injected fault"):
        connect(sandbox).modal.workspace()


def test_a_closed_client_connects_again(clouds: Connections) -> None:
    assert clouds.modal.apps("") == []
    clouds.modal.close()
    clouds.modal.close()
    assert clouds.modal.apps("") == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (sdk.exception.AuthError("x"), Unauthorized),
        (sdk.exception.PermissionDeniedError("x"), PermissionDenied),
        (sdk.exception.NotFoundError("x"), NotFound),
        (sdk.exception.AlreadyExistsError("x"), Conflict),
        (sdk.exception.ConflictError("x"), Conflict),
        (sdk.exception.ResourceExhaustedError("x"), RateLimited),
        (sdk.exception.ServiceError("x"), Unreachable),
        (sdk.exception.ConnectionError("x"), Unreachable),
        (ConnectionResetError("x"), Unreachable),
        (TimeoutError(), Unreachable),
        (sdk.exception.InvalidError("x"), UnexpectedResponse),
        (sdk.exception.InternalError("x"), UnexpectedResponse),
        (sdk.exception.VersionError("x"), UnexpectedResponse),
    ],
)
def test_each_of_the_sdks_exceptions_is_one_of_ours_with_a_hint(theirs: Exception, ours: type[ServiceError]) -> None:
    with pytest.raises(ServiceError) as caught, modal_errors("do it", "http://x", 5):
        raise theirs
    assert type(caught.value) is ours
    assert caught.value.hint
    assert caught.value.service == "Modal"
    assert str(caught.value).startswith("Modal could not do it: ")


@pytest.mark.parametrize(
    "theirs",
    [
        sdk.exception.ResourceExhaustedError("Function call failed: workspace billing cycle spend limit reached"),
        GRPCError(Status.RESOURCE_EXHAUSTED, "Function call failed: workspace billing cycle spend limit reached"),
    ],
    ids=["as the SDK's", "as gRPC's"],
)
def test_a_spend_limit_is_not_waited_for(theirs: Exception) -> None:
    with pytest.raises(PermissionDenied, match="spend limit reached") as caught, modal_errors("do it", "http://x", 5):
        raise theirs
    assert caught.value.entry == "modal-spend-limit"
    assert "minute" not in caught.value.hint


@pytest.mark.parametrize(
    ("status", "ours"),
    [(Status.UNAUTHENTICATED, Unauthorized), (Status.UNAVAILABLE, Unreachable), (Status.DATA_LOSS, UnexpectedResponse)],
)
def test_a_plain_grpc_error_is_one_of_ours(status: Status, ours: type[ServiceError]) -> None:
    with pytest.raises(ServiceError, match="could not do it: why") as caught, modal_errors("do it", "http://x", 5):
        raise GRPCError(status, "why")
    assert type(caught.value) is ours


def test_an_answer_that_the_sdk_does_not_expect_is_no_bug_of_ours() -> None:
    with pytest.raises(UnexpectedResponse, match="not what the SDK") as caught, modal_errors("do it", "http://x", 5):
        api_pb2.SecretListResponse.FromString(b"\xff\xff")
    assert caught.value.service == "Modal"
    with pytest.raises(UnexpectedResponse), modal_errors("do it", "http://x", 5):
        month_length(13, 2026)


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(KeyError), modal_errors("do it", "http://x", 5):
        raise KeyError("x")


ALONE = """
import os, sys
from deploybook.clouds import modal
assert "modal" not in sys.modules, "the SDK was imported before the environment was settled"
from deploybook.clouds.connections import Connections
clouds = Connections(os.environ)
print(modal.token_is_valid(clouds.modal), modal.environment_is_there(clouds.modal, ""))
clouds.close()
"""


def test_the_operators_own_configuration_of_the_modal_command_is_not_read(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    theirs = '[theirs]\nserver_url = "http://127.0.0.1:9"\ntoken_id = "ak-x"\nenvironment = "nowhere"\nactive = true\n'
    (tmp_path / ".modal.toml").write_text(theirs)
    environ = sandbox.environment(HOME=str(tmp_path), MODAL_PROFILE="theirs", MODAL_ENVIRONMENT="nowhere")
    environ["MODAL_CONFIG_PATH"] = str(tmp_path / ".modal.toml")
    completed = subprocess.run(
        [sys.executable, "-c", ALONE], env=environ, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.strip() == "workspace sandbox-operator main", completed.stderr


def test_each_answer_is_shown_to_whoever_records_them(sandbox: RunningSandbox, connect: Connect) -> None:
    exchanges: list[tuple[httpx.Request, httpx.Response]] = []
    http.show_answers_to(lambda request, response: exchanges.append((request, response)))
    try:
        clouds = connect(sandbox)
        modal.token_is_valid(clouds.modal)
        assert clouds.modal.secret("nowhere", "") is None
    finally:
        http.show_answers_to(None)
    answers = {request.url.path.rpartition("/")[2]: response for request, response in exchanges}
    assert answers["WorkspaceNameLookup"].json()["workspaceName"] == "sandbox"
    assert answers["WorkspaceNameLookup"].status_code == Status.OK.value
    refused = answers["SecretGetOrCreate"]
    assert refused.status_code == Status.NOT_FOUND.value
    assert "nowhere" in refused.json()["message"]
    assert {request.extensions[http.OPERATION_EXTENSION][0] for request, _ in exchanges} == {"Modal"}


def test_an_answer_that_is_a_credential_is_not_shown() -> None:
    messages: list[str] = []

    async def answer(channel: Channel, method: str, message: object) -> None:
        dispatch = channel.__dispatch__
        await dispatch.send_request({}, method_name=method, deadline=None, content_type="application/grpc")
        await dispatch.recv_message(message)

    async def run() -> None:
        channel = Channel()
        show_answers(channel)
        await answer(channel, "/modal.client.ModalClient/AuthTokenGet", api_pb2.AuthTokenGetResponse(token="canary"))
        await answer(channel, "/modal.client.ModalClient/AppStop", api_pb2.AppGetOrCreateResponse(app_id="ap-1"))

    http.show_answers_to(lambda request, response: messages.append(request.url.path + response.text))
    try:
        asyncio.run(run())
    finally:
        http.show_answers_to(None)
    assert messages == ['/modal.client.ModalClient/AppStop{"appId":"ap-1"}']
