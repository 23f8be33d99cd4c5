"""What nobody but the operator of this start gets out of Modal's ports, sockets and files, and of Turso's files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from grpclib.const import Status
from modal_proto import api_pb2
from tests.conftest import launch_sandbox
from tests.sandbox.modal.conftest import Deployer, Rpc, web

from deploybook.sandbox.modal.api import DECLARED

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

SOURCE = """
    image = modal.Image.debian_slim()

    @app.function(image=image)
    def one():
        return 1
"""


@pytest.fixture
def other_start() -> Iterator[RunningSandbox]:
    """A sandbox that a person started whose umask closes nothing."""
    umask = os.umask(0)
    try:
        sandbox = launch_sandbox("modal", "turso")
    finally:
        os.umask(umask)
    yield sandbox
    sandbox.close()


def create_database(exports: dict[str, str]) -> None:
    """A database at Turso, whose server writes files too."""
    headers = {"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}
    base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}"
    with httpx.Client(headers=headers, trust_env=False, timeout=30) as client:
        client.post(f"{base}/groups", json={"name": "default", "location": "aws-us-east-1"}).raise_for_status()
        client.post(f"{base}/databases", json={"name": "jobs", "group": "default"}).raise_for_status()


def test_no_rpc_is_answered_without_the_token(rpc: Rpc) -> None:
    answered = []
    for path, handler in DECLARED.items():
        name, request = path.rpartition("/")[2], handler.request_type()
        sent = [request] if handler.cardinality.client_streaming else request
        if rpc.refusal(name, sent, x_modal_token_secret="")[0] is not Status.UNAUTHENTICATED:
            answered.append(name)
    assert answered == []


def test_uploaded_code_runs_for_the_token_of_this_start_only(
    sandbox: RunningSandbox, rpc: Rpc, deploy: Deployer, other_start: RunningSandbox
) -> None:
    functions = deploy("job", SOURCE, {"one": {}})
    request = api_pb2.FunctionMapRequest(
        function_id=functions["one"][0],
        pipelined_inputs=[api_pb2.FunctionPutInputsItem(idx=0, input=api_pb2.FunctionInput())],
    )
    stranger = Rpc({**other_start.exports, "MODAL_SERVER_URL": sandbox.exports["MODAL_SERVER_URL"]})
    assert stranger.refusal("FunctionMap", request)[0] is Status.UNAUTHENTICATED
    assert not rpc("TaskList", api_pb2.TaskListRequest()).tasks


def test_a_blob_is_for_the_bearer_of_its_ticket(rpc: Rpc) -> None:
    request = api_pb2.BlobCreateRequest(content_md5="", content_sha256_base64="x", content_length=3)
    url = httpx.URL(rpc("BlobCreate", request).upload_urls.items[0])
    wrong = [url.copy_remove_param("ticket"), url.copy_set_param("ticket", "wrong"), url.copy_set_param("ticket", "ü")]
    assert {httpx.put(address, content=b"abc", trust_env=False).status_code for address in wrong} == {403}
    assert httpx.put(url, content=b"abc", trust_env=False).status_code == 200
    assert httpx.get(wrong[0], trust_env=False).status_code == 403


def test_proxy_credentials_that_are_no_ascii_are_refused_like_any_others(
    deploy: Deployer, rpc: Rpc, http: httpx.Client
) -> None:
    _, url = deploy("guarded", SOURCE, {"one": {"webhook_config": web("GET", requires_proxy_auth=True)}})["one"]
    made = rpc("WebhookTokenCreate", api_pb2.WebhookTokenCreateRequest())
    headers = {"Modal-Key": made.token_id.encode(), "Modal-Secret": "ü".encode()}
    assert http.get(url, headers=headers).status_code == 401


def test_files_and_sockets_are_closed_to_others_whatever_the_umask(other_start: RunningSandbox) -> None:
    deploy = Deployer(Rpc(other_start.exports))
    functions = deploy("job", SOURCE, {"one": {}})
    assert deploy.call(functions["one"][0]) == 1
    create_database(other_start.exports)
    root = Path(other_start.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"])
    modes = {path: path.lstat().st_mode for path in [root, *root.rglob("*")]}
    assert any(stat.S_ISSOCK(mode) for mode in modes.values())
    assert [str(path) for path, mode in modes.items() if mode & 0o077] == []
