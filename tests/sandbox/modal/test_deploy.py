"""Apps: the rules of a deploy, a redeploy, a stop; what a deploy uploads."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import httpx
from grpclib.const import Status
from modal_proto import api_pb2

from deploybook.sandbox.modal.state.apps import web_label

if TYPE_CHECKING:
    from tests.sandbox.modal.conftest import Deployer, Rpc

SOURCE = "@app.function(image=modal.Image.debian_slim())\ndef answer():\n    return {value}\n"
FIELDS = {"answer": {}}  # type: ignore[var-annotated]


def by_name(rpc: Rpc, name: str) -> api_pb2.AppGetByDeploymentNameResponse:
    app: api_pb2.AppGetByDeploymentNameResponse = rpc(
        "AppGetByDeploymentName", api_pb2.AppGetByDeploymentNameRequest(name=name)
    )
    return app


def test_an_unknown_deployment_is_an_empty_id(rpc: Rpc) -> None:
    assert by_name(rpc, "studio").app_id == ""


def test_a_draft_is_not_deployed_until_it_is_published(rpc: Rpc, deploy: Deployer) -> None:
    app_id = deploy.app("studio")
    assert by_name(rpc, "studio").app_id == ""
    assert not rpc("AppList", api_pb2.AppListRequest()).apps
    made = rpc("FunctionPrecreate", api_pb2.FunctionPrecreateRequest(app_id=app_id, function_name="f"))
    status, message = rpc.refusal(
        "AppPublish", api_pb2.AppPublishRequest(app_id=app_id, name="studio", function_ids={"f": made.function_id})
    )
    assert status == Status.FAILED_PRECONDITION
    assert message == "Functions without a definition: f"


def test_a_redeploy_keeps_the_ids_and_counts_the_version(rpc: Rpc, deploy: Deployer) -> None:
    first = deploy("studio", SOURCE.format(value=1), FIELDS)
    assert deploy.call(first["answer"][0]) == 1
    second = deploy("studio", SOURCE.format(value=2), FIELDS)
    assert second == first
    assert deploy.call(first["answer"][0]) == 2
    app = by_name(rpc, "studio")
    assert app.lifecycle.version == 2
    history = rpc("AppDeploymentHistory", api_pb2.AppDeploymentHistoryRequest(app_id=app.app_id))
    assert [entry.version for entry in history.app_deployment_histories] == [1, 2]


def test_a_name_belongs_to_one_deployed_app(rpc: Rpc, deploy: Deployer) -> None:
    deploy("studio", SOURCE.format(value=1), FIELDS)
    other = rpc("AppCreate", api_pb2.AppCreateRequest(description="studio")).app_id
    status, _ = rpc.refusal("AppPublish", api_pb2.AppPublishRequest(app_id=other, name="studio"))
    assert status is Status.ALREADY_EXISTS


def test_a_stopped_app_is_named_as_the_previous_one(rpc: Rpc, deploy: Deployer) -> None:
    function_id, _ = deploy("studio", SOURCE.format(value=1), FIELDS)["answer"]
    app_id = deploy.app("studio")
    deploy.stop("studio")
    app = by_name(rpc, "studio")
    assert app.app_id == ""
    assert app.previous_app_id == app_id
    assert app.lifecycle.app_state == api_pb2.APP_STATE_STOPPED
    assert rpc.refusal("AppStop", api_pb2.AppStopRequest(app_id=app_id))[0] is Status.FAILED_PRECONDITION
    assert (
        rpc.refusal("FunctionMap", api_pb2.FunctionMapRequest(function_id=function_id))[0] is Status.FAILED_PRECONDITION
    )
    request = api_pb2.FunctionGetRequest(app_name="studio", object_tag="answer")
    assert rpc.refusal("FunctionGet", request) == (Status.NOT_FOUND, "App 'studio' not found in environment 'main'")


def test_a_failed_deploy_leaves_nothing_deployed(rpc: Rpc, deploy: Deployer) -> None:
    app_id = deploy.app("studio")
    rpc("AppClientDisconnect", api_pb2.AppClientDisconnectRequest(app_id=app_id))
    assert by_name(rpc, "studio").app_id == ""
    deploy("studio", SOURCE.format(value=1), FIELDS)
    rpc("AppClientDisconnect", api_pb2.AppClientDisconnectRequest(app_id=deploy.app("studio")))
    assert by_name(rpc, "studio").app_id != ""


def test_a_definition_may_refer_only_to_what_is_there(rpc: Rpc, deploy: Deployer) -> None:
    app_id, image_id = deploy.app("studio"), deploy.image(["FROM python:3.11"])
    rpc("FunctionPrecreate", api_pb2.FunctionPrecreateRequest(app_id=app_id, function_name="f"))
    mount = api_pb2.CloudBucketMount(bucket_name="b", mount_path="/b", credentials_secret_id="st-x")
    wrong = [
        api_pb2.Function(function_name="f", image_id="im-x"),
        api_pb2.Function(function_name="f", image_id=image_id, mount_ids=["mo-x"]),
        api_pb2.Function(function_name="f", image_id=image_id, secret_ids=["st-x"]),
        api_pb2.Function(function_name="f", image_id=image_id, cloud_bucket_mounts=[mount]),
    ]
    for definition in wrong:
        request = api_pb2.FunctionCreateRequest(app_id=app_id, function=definition)
        assert rpc.refusal("FunctionCreate", request)[0] is Status.NOT_FOUND
    volumes = api_pb2.Function(function_name="f", image_id=image_id, volume_mounts=[{"mount_path": "/v"}])  # type: ignore[list-item]
    request = api_pb2.FunctionCreateRequest(app_id=app_id, function=volumes)
    assert rpc.refusal("FunctionCreate", request)[0] is Status.UNIMPLEMENTED


def test_a_file_is_stored_under_its_own_hash_only(rpc: Rpc) -> None:
    digest = hashlib.sha256(b"content").hexdigest()
    check = api_pb2.MountBatchedCheckExistenceRequest(sha256_hex_hashes=[digest])
    wrong = api_pb2.MountPutFileRequest(sha256_hex=digest, data=b"other")
    assert rpc.refusal("MountPutFile", wrong)[0] is Status.INVALID_ARGUMENT
    files = api_pb2.MountGetOrCreateRequest(files=[api_pb2.MountFile(filename="/root/a", sha256_hex=digest)])
    assert rpc.refusal("MountGetOrCreate", files)[0] is Status.FAILED_PRECONDITION
    assert list(rpc("MountBatchedCheckExistence", check).missing_sha256_hex_hashes) == [digest]
    rpc("MountPutFile", api_pb2.MountPutFileRequest(sha256_hex=digest, data=b"content"))
    assert not rpc("MountBatchedCheckExistence", check).missing_sha256_hex_hashes


def test_a_large_file_goes_over_http(rpc: Rpc) -> None:
    data = bytes(5 << 20)
    sha256, md5 = hashlib.sha256(data), base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    request = api_pb2.BlobCreateRequest(
        content_md5=md5, content_sha256_base64=base64.b64encode(sha256.digest()).decode(), content_length=len(data)
    )
    made = rpc("BlobCreate", request)
    url, blob_id = made.upload_urls.items[0], made.blob_ids[0]
    put = api_pb2.MountPutFileRequest(sha256_hex=sha256.hexdigest(), data_blob_id=blob_id)
    assert rpc.refusal("MountPutFile", put)[0] is Status.FAILED_PRECONDITION
    assert httpx.put(url[:-1], content=data).status_code == 403
    assert "Content-MD5" in httpx.put(url, content=data[1:], headers={"Content-MD5": md5}).text
    uploaded = httpx.put(url, content=data, headers={"Content-MD5": md5})
    assert uploaded.headers["ETag"] == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    assert rpc("MountPutFile", put).exists
    assert httpx.get(rpc("BlobGet", api_pb2.BlobGetRequest(blob_id=blob_id)).download_url).content == data


def test_the_same_image_definition_is_the_same_image(rpc: Rpc, deploy: Deployer) -> None:
    assert deploy.image(["FROM a"]) == deploy.image(["FROM a"]) != deploy.image(["FROM b"])
    on_nothing = api_pb2.Image(base_images=[api_pb2.BaseImage(image_id="im-x")])
    assert rpc.refusal("ImageGetOrCreate", api_pb2.ImageGetOrCreateRequest(image=on_nothing))[0] is Status.NOT_FOUND


def test_a_label_is_cut_to_a_dns_label() -> None:
    assert web_label("sandbox", "", "studio-production-submit") == ("sandbox--studio-production-submit", False)
    assert web_label("sandbox", "dev", "My_App.x") == ("sandbox-dev--my-app-x", False)
    long, truncated = web_label("sandbox", "", "x" * 80)
    assert len(long) == 63
    assert truncated is True
    assert web_label("sandbox", "", "x" * 81)[0] != long
