"""Who may call, what is not there, and what the journal and injected faults make of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib.const import Status
from modal_proto import api_pb2

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox
    from tests.sandbox.modal.conftest import Rpc

SERVICE = "/modal.client.ModalClient"


def test_the_issued_token_names_its_workspace(rpc: Rpc, sandbox: RunningSandbox) -> None:
    info = rpc("TokenInfoGet", api_pb2.TokenInfoGetRequest())
    assert info.token_id == sandbox.exports["MODAL_TOKEN_ID"]
    assert info.token_id.startswith("ak-")
    assert sandbox.exports["MODAL_TOKEN_SECRET"].startswith("as-")
    assert rpc("WorkspaceNameLookup", Empty()).workspace_name == info.workspace_name


@pytest.mark.parametrize("name", ["ClientHello", "SecretList", "AppPublish", "FunctionMap"])
def test_every_call_needs_the_token(rpc: Rpc, name: str) -> None:
    request = {"SecretList": api_pb2.SecretListRequest, "AppPublish": api_pb2.AppPublishRequest}.get(name, Empty)()
    request = api_pb2.FunctionMapRequest() if name == "FunctionMap" else request
    assert rpc.refusal(name, request, x_modal_token_secret="as-wrong")[0] is Status.UNAUTHENTICATED
    assert rpc.refusal(name, request, x_modal_token_id="ak-wrong")[0] is Status.UNAUTHENTICATED
    assert rpc.refusal(name, request, x_modal_token_secret="")[0] is Status.UNAUTHENTICATED


def test_a_method_that_is_not_there_says_so(rpc: Rpc, sandbox: RunningSandbox) -> None:
    status, message = rpc.refusal("QueueGetOrCreate", api_pb2.QueueGetOrCreateRequest())
    assert status is Status.UNIMPLEMENTED
    assert message == f"not implemented in the sandbox: POST {SERVICE}/QueueGetOrCreate"
    assert sandbox.journal("modal")[-1]["status"] == 501


def test_the_protocol_of_containers_is_not_for_the_operator(rpc: Rpc) -> None:
    for name in ("FunctionGetInputs", "FunctionPutOutputs", "TaskResult", "FunctionCallPutDataOut"):
        request = {
            "FunctionGetInputs": api_pb2.FunctionGetInputsRequest,
            "FunctionPutOutputs": api_pb2.FunctionPutOutputsRequest,
            "TaskResult": api_pb2.TaskResultRequest,
            "FunctionCallPutDataOut": api_pb2.FunctionCallPutDataRequest,
        }[name]()
        assert rpc.refusal(name, request)[0] is Status.UNIMPLEMENTED


def test_the_journal_tells_reads_from_writes(rpc: Rpc, sandbox: RunningSandbox) -> None:
    create = api_pb2.SecretGetOrCreateRequest(
        deployment_name="one", object_creation_type=api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING, env_dict={"A": "b"}
    )
    rpc("SecretGetOrCreate", create)
    rpc("SecretGetOrCreate", create)
    rpc("SecretList", api_pb2.SecretListRequest())
    entries = sandbox.journal("modal")
    assert [(entry["path"], entry["status"], entry["writes"]) for entry in entries] == [
        (f"{SERVICE}/SecretGetOrCreate", 200, True),
        (f"{SERVICE}/SecretGetOrCreate", 200, False),
        (f"{SERVICE}/SecretList", 200, False),
    ]
    assert {entry["method"] for entry in entries} == {"POST"}


def test_a_status_fault_is_unavailable_once(rpc: Rpc, sandbox: RunningSandbox) -> None:
    fault = {"service": "modal", "kind": "status", "path": ".*/SecretList"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    assert rpc.refusal("SecretList", api_pb2.SecretListRequest())[0] is Status.UNAVAILABLE
    rpc("SecretList", api_pb2.SecretListRequest())


def test_a_retry_after_a_lost_answer_gets_the_first_answer(rpc: Rpc, sandbox: RunningSandbox) -> None:
    fault = {"service": "modal", "kind": "lost-answer", "path": ".*/SecretGetOrCreate"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    create = api_pb2.SecretGetOrCreateRequest(
        deployment_name="one",
        object_creation_type=api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
        env_dict={"A": "b"},
    )
    assert rpc.refusal("SecretGetOrCreate", create, x_idempotency_key="k1")[0] is Status.UNAVAILABLE
    made = rpc("SecretGetOrCreate", create, x_idempotency_key="k1", x_retry_attempt="1")
    assert made.secret_id.startswith("st-")
    assert rpc.refusal("SecretGetOrCreate", create, x_idempotency_key="k2")[0] is Status.ALREADY_EXISTS


def test_a_reset_forgets_everything_but_the_token(rpc: Rpc, sandbox: RunningSandbox) -> None:
    rpc("EnvironmentCreate", api_pb2.EnvironmentCreateRequest(name="staging"))
    sandbox.reset()
    listed = rpc("EnvironmentList", Empty())
    assert [item.name for item in listed.items] == ["main"]
