"""Every request of ours to Cloudflare's REST API is one that Cloudflare's description allows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox
from tests.description import Requests, recorded

from deploybook.clouds import r2

SERVER = "https://api.cloudflare.com"


def policies_as_sent(document: dict[str, Any]) -> None:
    """Where the official SDK sends less than the description asks for, and we as the SDK.

    An update's body is written as the token that is read, whose policies have ids; a DELETE must have a body.
    """
    schemas = document["components"]["schemas"]
    properties = {
        "name": {"type": "string"},
        "policies": {"$ref": "#/components/schemas/iam_token-policies-request"},
        "status": schemas["iam_status"],
    }
    body = {"type": "object", "required": ["name", "policies"], "properties": properties, "additionalProperties": False}
    update = document["paths"]["/accounts/{account_id}/tokens/{token_id}"]["put"]
    update["requestBody"]["content"]["application/json"]["schema"] = body
    for operations in document["paths"].values():
        if "delete" in operations:
            operations["delete"].pop("requestBody", None)


def test_every_request_of_the_runbook_is_described(
    start_sandbox: Callable[..., RunningSandbox], connect: Connect, specs: Path
) -> None:
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    clouds = connect(sandbox)
    requests = recorded(clouds.cloudflare.api.client)
    r2.token_is_active(clouds.cloudflare)
    r2.may_manage_r2(clouds.cloudflare)
    bucket = r2.Bucket("studio-production", location="weur")
    assert bucket.read(clouds) is None
    made = bucket.create(clouds)
    token = r2.BucketToken("t", "studio-production", stored={})
    token.read(clouds)
    state = token.create(clouds)
    clouds.cloudflare.update_token(state.id, "t", token._policies())
    clouds.cloudflare.roll_token(state.id)
    cors = r2.Cors("studio-production", "https://app.example.com")
    cors.read(clouds)
    cors.delete(clouds, cors.create(clouds))
    token.delete(clouds, state)
    bucket.delete(clouds, made)
    description = Requests(specs / "cloudflare.json", policies_as_sent)
    operations = {description.check(request) for request in requests}
    assert len(operations) >= 12, operations


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/client/v4/accounts/a/r2/buckets", {"locationHint": "weur"}),
        ("POST", "/client/v4/accounts/a/tokens", {"name": "t"}),
        ("GET", "/client/v4/accounts/a/nothing", None),
    ],
)
def test_a_request_that_is_not_described_would_be_seen(method: str, path: str, body: object, specs: Path) -> None:
    wrong = httpx.Request(method, SERVER + path, json=body, headers={"Authorization": "Bearer x"})
    with pytest.raises(OpenAPIError):
        Requests(specs / "cloudflare.json").check(wrong)
