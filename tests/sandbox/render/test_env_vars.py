"""Environment variables: in clear, replaced whole or one by one, seen by a deploy as they stood when it was made."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.render.conftest import Render


def variables(render: Render, service: str) -> dict[str, str]:
    return {item["envVar"]["key"]: item["envVar"]["value"] for item in listed(render, service)}


def listed(render: Render, service: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = render.api.get(f"/services/{service}/env-vars", params={"limit": 100}).json()
    return items


def test_put_all_deletes_what_it_does_not_name(render: Render) -> None:
    service = render.create(envVars=[{"key": "A", "value": "1"}, {"key": "B", "value": "2"}])["id"]
    answer = render.api.put(f"/services/{service}/env-vars", json=[{"key": "B", "value": "3"}])
    assert [item["envVar"] for item in answer.json()] == [{"key": "B", "value": "3"}]
    assert variables(render, service) == {"B": "3"}


def test_put_one_adds_and_changes_and_leaves_the_rest(render: Render) -> None:
    service = render.create(envVars=[{"key": "A", "value": "1"}])["id"]
    assert render.api.put(f"/services/{service}/env-vars/A", json={"value": "2"}).json() == {"key": "A", "value": "2"}
    render.api.put(f"/services/{service}/env-vars/B", json={"value": ""})
    assert variables(render, service) == {"A": "2", "B": ""}


def test_a_generated_value_is_256_random_bits(render: Render) -> None:
    service = render.create(envVars=[{"key": "A", "generateValue": True}])["id"]
    first = variables(render, service)["A"]
    again = render.api.put(f"/services/{service}/env-vars/A", json={"generateValue": True}).json()["value"]
    assert len(base64.b64decode(first)) == len(base64.b64decode(again)) == 32
    assert first != again


def test_get_and_delete_one(render: Render) -> None:
    service = render.create(envVars=[{"key": "A", "value": "1"}])["id"]
    path = f"/services/{service}/env-vars/A"
    assert render.api.get(path).json() == {"key": "A", "value": "1"}
    assert render.api.delete(path).status_code == 204
    assert render.api.get(path).status_code == render.api.delete(path).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"value": 1}, {"value": "1", "generateValue": True}, {"generateValue": False}, {"val": "1"}, []]
)
def test_a_bad_value_is_refused(render: Render, body: object) -> None:
    service = render.create(envVars=None)["id"]
    assert render.api.put(f"/services/{service}/env-vars/A", json=body).status_code == 400
    assert variables(render, service) == {}


def test_lists_page_in_a_stable_order(render: Render) -> None:
    pairs = [{"key": f"K{number:02}", "value": str(number)} for number in range(23)]
    service = render.create(envVars=pairs)["id"]
    first = render.api.get(f"/services/{service}/env-vars").json()
    assert len(first) == 20
    rest = render.api.get(f"/services/{service}/env-vars", params={"cursor": first[-1]["cursor"]}).json()
    assert [item["envVar"]["key"] for item in first + rest] == [pair["key"] for pair in pairs]
    assert render.api.get(f"/services/{service}/env-vars", params={"cursor": rest[-1]["cursor"]}).json() == []


def test_put_does_not_deploy_and_a_deploy_sees_what_stood_when_it_was_made(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    path = f"/services/{service}/env-vars/WORKER_POLL_INTERVAL_MS"
    render.api.put(path, json={"value": "500"})
    assert len(render.api.get(f"/services/{service}/deploys").json()) == 1
    render.api.post(f"/services/{service}/deploys", json={})
    render.api.put(path, json={"value": "900"})
    render.settled(service)
    started = [line for line in render.messages(service, type="app") if "Started" in line]
    assert started == ["[Worker] Started, polling every 3000ms", "[Worker] Started, polling every 500ms"]


def test_restart_keeps_the_variables_of_the_live_deploy(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    render.api.put(f"/services/{service}/env-vars/WORKER_POLL_INTERVAL_MS", json={"value": "500"})
    assert render.api.post(f"/services/{service}/restart").status_code == 200
    assert render.messages(service, type="app") == ["[Worker] Started, polling every 3000ms"] * 2
