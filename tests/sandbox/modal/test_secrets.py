"""Secrets: the three ways to create one, merging, listing, deleting. Values never come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from grpclib.const import Status
from modal_proto import api_pb2

if TYPE_CHECKING:
    from tests.sandbox.modal.conftest import Deployer, Rpc

FAIL = api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS
IF_MISSING = api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING
OVERWRITE = api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS
ECHO = "import os\n@app.function()\ndef echo():\n    return {k: v for k, v in os.environ.items() if k in 'ABCD'}\n"


def request(name: str, creation: int = 0, **values: str) -> api_pb2.SecretGetOrCreateRequest:
    return api_pb2.SecretGetOrCreateRequest(deployment_name=name, object_creation_type=creation, env_dict=values)  # type: ignore[arg-type]


def values_of(deploy: Deployer, secret_id: str) -> Any:
    """What a container finds: the only way to read a secret."""
    source = ECHO.replace(
        "function()", "function(secrets=[modal.Secret.from_name('s')], image=modal.Image.debian_slim())"
    )
    made = deploy("echo", source, {"echo": {"secret_ids": [secret_id]}})
    return deploy.call(made["echo"][0])


def test_create_twice_is_already_exists(rpc: Rpc) -> None:
    rpc("SecretGetOrCreate", request("s", FAIL, A="1"))
    assert rpc.refusal("SecretGetOrCreate", request("s", FAIL, A="2"))[0] is Status.ALREADY_EXISTS


def test_create_if_missing_keeps_the_old_values(rpc: Rpc, deploy: Deployer) -> None:
    first = rpc("SecretGetOrCreate", request("s", IF_MISSING, A="1"))
    second = rpc("SecretGetOrCreate", request("s", IF_MISSING, A="2", B="3"))
    assert second.secret_id == first.secret_id
    assert values_of(deploy, first.secret_id) == {"A": "1"}


def test_overwrite_replaces_every_value(rpc: Rpc, deploy: Deployer) -> None:
    first = rpc("SecretGetOrCreate", request("s", FAIL, A="1", B="2"))
    second = rpc("SecretGetOrCreate", request("s", OVERWRITE, A="3"))
    assert second.secret_id == first.secret_id
    assert values_of(deploy, first.secret_id) == {"A": "3"}


def test_update_merges_and_takes_out_keys_without_a_value(rpc: Rpc, deploy: Deployer) -> None:
    made = rpc("SecretGetOrCreate", request("s", FAIL, A="1", B="2", D="5"))
    updates = [{"key": "A", "value": "3"}, {"key": "C", "value": "4"}, {"key": "B"}]
    rpc("SecretUpdate", api_pb2.SecretUpdateRequest(secret_id=made.secret_id, updates=updates))  # type: ignore[arg-type]
    assert values_of(deploy, made.secret_id) == {"A": "3", "C": "4", "D": "5"}


def test_a_lookup_needs_the_required_keys(rpc: Rpc) -> None:
    rpc("SecretGetOrCreate", request("s", FAIL, A="1"))
    wanted = request("s")
    wanted.required_keys.extend(["A", "B", "C"])
    status, message = rpc.refusal("SecretGetOrCreate", wanted)
    assert status is Status.FAILED_PRECONDITION
    assert message == "Secret 's' is missing key(s): B, C"


def test_a_missing_secret_is_not_found(rpc: Rpc) -> None:
    assert rpc.refusal("SecretGetOrCreate", request("s"))[0] is Status.NOT_FOUND
    assert rpc.refusal("SecretUpdate", api_pb2.SecretUpdateRequest(secret_id="st-x"))[0] is Status.NOT_FOUND
    assert rpc.refusal("SecretDelete", api_pb2.SecretDeleteRequest(secret_id="st-x"))[0] is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65])
def test_a_malformed_name_is_refused(rpc: Rpc, name: str) -> None:
    assert rpc.refusal("SecretGetOrCreate", request(name, FAIL, A="1"))[0] is Status.INVALID_ARGUMENT


def test_a_malformed_key_is_refused(rpc: Rpc) -> None:
    assert rpc.refusal("SecretGetOrCreate", request("s", FAIL, **{"A=B": "1"}))[0] is Status.INVALID_ARGUMENT


def test_lists_page_by_creation_newest_first(rpc: Rpc) -> None:
    for number in range(105):
        rpc("SecretGetOrCreate", request(f"s{number}", FAIL, A="1"))
    rpc(
        "SecretGetOrCreate",
        api_pb2.SecretGetOrCreateRequest(
            object_creation_type=api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL, env_dict={"A": "1"}
        ),
    )
    first = rpc("SecretList", api_pb2.SecretListRequest(pagination=api_pb2.ListPagination(max_objects=100))).items
    before = first[-1].metadata.creation_info.created_at
    page = api_pb2.ListPagination(max_objects=100, created_before=before)
    second = rpc("SecretList", api_pb2.SecretListRequest(pagination=page)).items
    assert [secret.label for secret in [*first, *second]] == [f"s{number}" for number in reversed(range(105))]


def test_values_never_come_back(rpc: Rpc) -> None:
    made = rpc("SecretGetOrCreate", request("s", FAIL, A="canary-value"))
    listed = rpc("SecretList", api_pb2.SecretListRequest())
    info = rpc("SecretGetInfo", api_pb2.SecretGetInfoRequest(secret_id=made.secret_id))
    assert list(info.metadata.keys) == ["A"]
    for answer in (made, listed, info):
        assert b"canary-value" not in answer.SerializeToString()


def test_a_deleted_secret_is_gone(rpc: Rpc) -> None:
    made = rpc("SecretGetOrCreate", request("s", FAIL, A="1"))
    rpc("SecretDelete", api_pb2.SecretDeleteRequest(secret_id=made.secret_id))
    assert rpc.refusal("SecretGetOrCreate", request("s"))[0] is Status.NOT_FOUND


def test_environments_do_not_share_names(rpc: Rpc) -> None:
    rpc("EnvironmentCreate", api_pb2.EnvironmentCreateRequest(name="staging"))
    rpc("SecretGetOrCreate", request("s", FAIL, A="1"))
    elsewhere = request("s")
    elsewhere.environment_name = "staging"
    assert rpc.refusal("SecretGetOrCreate", elsewhere)[0] is Status.NOT_FOUND
    elsewhere.environment_name = "nowhere"
    assert rpc.refusal("SecretGetOrCreate", elsewhere) == (Status.NOT_FOUND, "Environment 'nowhere' not found")
