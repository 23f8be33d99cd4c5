"""Web endpoints: the uploaded code answers real HTTP, under FastAPI's rules and Modal's own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2
from tests.sandbox.modal.conftest import web

if TYPE_CHECKING:
    import httpx
    from tests.conftest import RunningSandbox
    from tests.sandbox.modal.conftest import Deployer, Rpc

SOURCE = """
    import os
    image = modal.Image.debian_slim()

    @app.function(image=image)
    @modal.fastapi_endpoint(method="POST", label="studio-submit")
    def submit(body: dict):
        return {"body": body, "environment": sorted(os.environ)}

    @app.function(image=image)
    @modal.fastapi_endpoint(method="GET", label="studio-status")
    def status(call_id: str, count: int = 1, deep: bool | None = None):
        if call_id == "fail":
            raise RuntimeError("a private detail")
        return {"call_id": call_id, "count": count, "deep": deep}
"""
ENDPOINTS = {"submit": {"webhook_config": web()}, "status": {"webhook_config": web("GET", "studio-status")}}


@pytest.fixture
def urls(deploy: Deployer) -> dict[str, str]:
    """The addresses of two deployed endpoints."""
    return {tag: url for tag, (_, url) in deploy("studio", SOURCE, ENDPOINTS).items()}


def test_the_addresses_differ_in_one_word(urls: dict[str, str]) -> None:
    assert urls["submit"].endswith("/sandbox--studio-submit.modal.run")
    assert urls["submit"].replace("submit", "status") == urls["status"]


def test_a_json_body_reaches_the_function(urls: dict[str, str], http: httpx.Client) -> None:
    answer = http.post(urls["submit"], json={"ä": [1, None]})
    assert answer.status_code == 200
    assert answer.json()["body"] == {"ä": [1, None]}
    assert answer.headers["content-type"] == "application/json"


def test_the_container_sees_no_variable_of_this_machine(urls: dict[str, str], http: httpx.Client) -> None:
    variables = set(http.post(urls["submit"], json={}).json()["environment"])
    modals = {name for name in variables if name.startswith("MODAL_")}
    assert "MODAL_TOKEN_ID" not in modals
    assert "MODAL_TOKEN_SECRET" not in modals
    authority = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}
    assert variables - modals - authority <= {"PATH", "HOME", "TMPDIR", "LC_CTYPE", "PYTHONUNBUFFERED"}


def test_query_parameters_are_converted(urls: dict[str, str], http: httpx.Client) -> None:
    answer = http.get(urls["status"], params={"call_id": "fc-1", "count": "3", "deep": "true"})
    assert answer.json() == {"call_id": "fc-1", "count": 3, "deep": True}
    assert http.get(urls["status"], params={"call_id": "x"}).json() == {"call_id": "x", "count": 1, "deep": None}


@pytest.mark.parametrize(
    ("parameters", "where", "kind"),
    [({}, ["query", "call_id"], "missing"), ({"call_id": "x", "count": "many"}, ["query", "count"], "int_parsing")],
)
def test_what_does_not_fit_is_422(
    urls: dict[str, str], http: httpx.Client, parameters: dict[str, str], where: list[str], kind: str
) -> None:
    answer = http.get(urls["status"], params=parameters)
    assert answer.status_code == 422
    assert [(problem["loc"], problem["type"]) for problem in answer.json()["detail"]] == [(where, kind)]


def test_a_body_that_is_no_object_is_422(urls: dict[str, str], http: httpx.Client) -> None:
    for content in (b"", b"{", b"[]", b'"x"'):
        assert http.post(urls["submit"], content=content).status_code == 422


def test_the_method_and_the_path_are_the_endpoints_own(urls: dict[str, str], http: httpx.Client) -> None:
    assert http.get(urls["submit"]).status_code == 405
    assert http.post(urls["submit"] + "/else", json={}).status_code == 404


def test_an_error_in_the_function_is_500_without_its_detail(
    urls: dict[str, str], http: httpx.Client, deploy: Deployer
) -> None:
    answer = http.get(urls["status"], params={"call_id": "fail"})
    assert answer.status_code == 500
    assert "private" not in answer.text


def test_an_unknown_label_is_an_invalid_function_call(urls: dict[str, str], http: httpx.Client) -> None:
    answer = http.post(urls["submit"].replace("studio", "other"), json={})
    assert answer.status_code == 404
    assert answer.text == "modal-http: invalid function call"
    assert http.post(urls["submit"].removesuffix(".modal.run"), json={}).status_code == 404


def test_a_stopped_app_answers_404_and_its_containers_end(
    urls: dict[str, str], http: httpx.Client, deploy: Deployer, rpc: Rpc
) -> None:
    http.post(urls["submit"], json={})
    app_id = deploy.app("studio")
    assert len(rpc("TaskList", api_pb2.TaskListRequest(app_id=app_id)).tasks) == 1
    deploy.stop("studio")
    answer = http.post(urls["submit"], json={})
    assert answer.status_code == 404
    assert answer.text == "modal-http: app for invoked web endpoint is stopped"
    assert not rpc("TaskList", api_pb2.TaskListRequest(app_id=app_id)).tasks


def test_the_app_deployed_last_has_the_label(urls: dict[str, str], http: httpx.Client, deploy: Deployer) -> None:
    other = SOURCE.replace('"body": body', '"body": "other"')
    deploy("thief", other, ENDPOINTS)
    assert http.post(urls["submit"], json={}).json()["body"] == "other"
    deploy.stop("thief")
    assert http.post(urls["submit"], json={"own": 1}).json()["body"] == {"own": 1}


def test_proxy_authorization_is_asked_for(deploy: Deployer, http: httpx.Client, rpc: Rpc) -> None:
    endpoints: Any = {**ENDPOINTS, "submit": {"webhook_config": web(requires_proxy_auth=True)}}
    _, url = deploy("studio", SOURCE, endpoints)["submit"]
    bare = http.post(url, json={})
    assert bare.status_code == 401
    assert bare.text == "modal-http: missing credentials for proxy authorization"
    token = rpc("WebhookTokenCreate", api_pb2.WebhookTokenCreateRequest())
    headers = {"Modal-Key": token.token_id, "Modal-Secret": token.token_secret}
    assert http.post(url, json={}, headers=headers).status_code == 200
    assert http.post(url, json={}, headers={**headers, "Modal-Secret": "ws-wrong"}).status_code == 401
    bearer = f"Bearer {token.token_id}.{token.token_secret}"
    assert http.post(url, json={}, headers={"Authorization": bearer}).status_code == 200
    assert http.post(url, json={}, headers={"Authorization": f"{bearer}x"}).status_code == 401


def test_without_fastapi_in_the_image_the_endpoint_does_not_start(deploy: Deployer, http: httpx.Client) -> None:
    _, url = deploy("studio", SOURCE, ENDPOINTS, lines=["FROM python:3.11"])["submit"]
    answer = http.post(url, json={})
    assert answer.status_code == 500
    assert "require FastAPI to be installed" in answer.text
    assert "require FastAPI to be installed" in deploy.logs("studio")


def test_a_request_is_journalled_with_its_path_and_not_its_query(
    urls: dict[str, str], http: httpx.Client, sandbox: RunningSandbox
) -> None:
    http.get(urls["status"], params={"call_id": "canary"})
    entry = sandbox.journal("modal")[-1]
    assert entry["method"] == "GET"
    assert entry["path"] == "/sandbox--studio-status.modal.run"
    assert entry["status"] == 200
    assert "canary" not in str(sandbox.journal())


def test_the_workspaces_name_does_not_disturb_the_derivation(rpc: Rpc) -> None:
    assert "submit" not in rpc("WorkspaceNameLookup", Empty()).workspace_name
