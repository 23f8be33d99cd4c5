"""Every request of ours is one that Render's own description allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from tests.description import Requests, recorded

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.state.last_writes import LastWrites

from .conftest import Bench

# Operation by operation, what the client is able to send.
OPERATIONS = {
    "list-owners",
    "list-services",
    "create-service",
    "update-service",
    "retrieve-service",
    "resume-service",
    "delete-service",
    "get-env-vars-for-service",
    "update-env-var",
    "delete-env-var",
    "list-deploys",
    "create-deploy",
    "retrieve-deploy",
    "list-logs",
}


def for_docker_workers(document: dict[str, Any]) -> None:
    """``serviceDetails`` is a oneOf without a discriminator, of which several fit: the sibling ``type`` decides which is meant."""
    schemas = document["components"]["schemas"]
    for body in ("servicePOST", "servicePATCH"):
        method = body.removeprefix("service")
        narrowed = {"$ref": f"#/components/schemas/backgroundWorkerDetails{method}"}
        schemas[body]["properties"]["serviceDetails"] = narrowed
        details = schemas[f"backgroundWorkerDetails{method}"]["properties"]
        details["envSpecificDetails"] = {"$ref": f"#/components/schemas/dockerDetails{method}"}


@pytest.fixture
def description(specs: Path) -> Requests:
    return Requests(specs / "render.json", for_docker_workers)


def exercise(clouds: Connections, bench: Bench, observed: LastWrites) -> None:
    """Send everything that the client is able to send."""
    made = bench.live()
    render.has_started(clouds.render, bench.deploy(made), observed)
    clouds.render.service(made.id)
    clouds.render.put_variable(made.id, "STORAGE_BACKEND", "r2")
    clouds.render.delete_variable(made.id, "STORAGE_BACKEND")
    clouds.render.api.client.post(f"/services/{made.id}/suspend")
    wished = {"plan": "standard"}
    state, worker = bench.state(**wished), bench.worker(**wished)
    worker.update(clouds, state, worker.differences(state))
    bench.deploy(state).create(clouds)
    worker.delete(clouds, state)


def test_every_request_is_described(
    clouds: Connections, bench: Bench, observed: LastWrites, description: Requests
) -> None:
    requests = recorded(clouds.render.api.client)
    exercise(clouds, bench, observed)
    assert {description.check(request) for request in requests} - {"suspend-service"} == OPERATIONS


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/services", {"type": "background_worker"}),
        ("POST", "/v1/services", {"type": "background_worker", "name": "a", "ownerId": "o", "unknown": 1}),
        ("PUT", "/v1/services/srv-x/env-vars/A", {"value": 1}),
        ("GET", "/v1/logs?ownerId=tea-x", None),
        ("GET", "/v1/nothing", None),
    ],
)
def test_a_request_that_is_not_described_would_be_seen(
    method: str, path: str, body: object, description: Requests
) -> None:
    headers = {"Authorization": "Bearer x"}
    wrong = httpx.Request(method, f"https://api.render.com{path}", json=body, headers=headers)
    with pytest.raises(OpenAPIError):
        description.check(wrong)
