"""Deploys: states, failures, queueing, suspension, and the deploy hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.sandbox.render.conftest import Render


def statuses(render: Render, service: str) -> list[str]:
    return [item["deploy"]["status"] for item in render.api.get(f"/services/{service}/deploys").json()]


def test_a_deploy_goes_through_its_states_to_live(render: Render) -> None:
    with render.sandbox.stopped_clock() as step:
        created = render.create()
        for state in ("created", "build_in_progress", "update_in_progress", "live"):
            render.reaches(created["id"], created["deployId"], state)
            if state != "live":
                step()


def test_create_deploy_answers_201_with_null_commit_and_finished_at(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    made = render.api.post(f"/services/{service}/deploys", json={})
    assert made.status_code == 201
    assert made.json()["commit"] is None
    assert made.json()["finishedAt"] is None
    result = render.settled(service, made.json()["id"])
    assert len(result["commit"]["id"]) == 40
    assert result["finishedAt"]
    assert result["trigger"] == "api"
    assert statuses(render, service) == ["live", "deactivated"]


def test_create_deploy_answers_202_with_nothing_while_another_is_under_way(render: Render) -> None:
    with render.sandbox.stopped_clock():
        created = render.create()
        queued = render.api.post(f"/services/{created['id']}/deploys", json={})
        assert queued.status_code == 202
        assert queued.content == b""
        assert statuses(render, created["id"])[0] == "queued"
    assert render.settled(created["id"])["status"] == "live"
    assert statuses(render, created["id"]) == ["live", "deactivated"]


def test_of_queued_deploys_only_the_newest_is_made(render: Render) -> None:
    with render.sandbox.stopped_clock():
        service = render.create()["id"]
        for _ in range(2):
            render.api.post(f"/services/{service}/deploys", json={})
    render.settled(service)
    assert statuses(render, service) == ["live", "canceled", "deactivated"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"clearCache": "maybe"}', b'{"commit": "x"}', b'{"imageUrl": "nginx"}'])
def test_a_bad_deploy_request_is_refused(render: Render, body: bytes) -> None:
    service = render.create()["id"]
    assert render.api.post(f"/services/{service}/deploys", content=body).status_code == 400


@pytest.mark.parametrize(
    ("docker", "word"),
    [
        ({}, "open Dockerfile"),
        ({"dockerfilePath": "./Dockerfile.worker"}, "open Dockerfile.worker"),
        ({"dockerfilePath": "worker/Dockerfile", "dockerContext": "./worker"}, "not found in context worker"),
    ],
)
def test_a_dockerfile_that_is_not_there_fails_the_build(render: Render, docker: dict[str, Any], word: str) -> None:
    details = {"runtime": "docker", "plan": "starter", "envSpecificDetails": docker}
    service = render.create(serviceDetails=details)["id"]
    assert render.settled(service)["status"] == "build_failed"
    assert any(word in line for line in render.messages(service, type="build", level="error"))
    assert render.messages(service, type="app") == []
    assert render.api.get(f"/services/{service}/instances").json() == []


def test_an_injected_build_fault_fails_one_build_only(render: Render) -> None:
    render.fault(kind="status", method="BUILD")
    service = render.create()["id"]
    assert render.settled(service)["status"] == "build_failed"
    render.api.post(f"/services/{service}/deploys", json={})
    assert render.settled(service)["status"] == "live"


def test_a_container_that_exits_makes_update_failed_and_the_old_one_stays_live(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    running = render.api.get(f"/services/{created['id']}/instances").json()
    render.api.delete(f"/services/{created['id']}/env-vars/TURSO_DATABASE_URL")
    render.api.post(f"/services/{created['id']}/deploys", json={})
    assert render.settled(created["id"])["status"] == "update_failed"
    assert "[Worker] TURSO_DATABASE_URL is required" in render.messages(created["id"])
    assert statuses(render, created["id"]) == ["update_failed", "live"]
    assert render.api.get(f"/services/{created['id']}/instances").json() == running


def test_cancel_stops_what_is_under_way_and_nothing_else(render: Render) -> None:
    with render.sandbox.stopped_clock():
        created = render.create()
        path = f"/services/{created['id']}/deploys/{created['deployId']}"
        assert render.api.post(f"{path}/cancel").json()["status"] == "canceled"
    assert render.api.post(f"{path}/cancel").status_code == 400
    render.api.post(f"/services/{created['id']}/deploys", json={})
    assert render.settled(created["id"])["status"] == "live"
    assert statuses(render, created["id"]) == ["live", "canceled"]


def test_canceling_lets_the_queued_deploy_begin(render: Render) -> None:
    with render.sandbox.stopped_clock():
        created = render.create()
        render.api.post(f"/services/{created['id']}/deploys", json={})
        render.api.post(f"/services/{created['id']}/deploys/{created['deployId']}/cancel")
    assert render.settled(created["id"])["status"] == "live"


def test_rollback_deploys_an_earlier_success_again(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    render.api.put(f"/services/{created['id']}/env-vars/WORKER_POLL_INTERVAL_MS", json={"value": "500"})
    render.api.post(f"/services/{created['id']}/deploys", json={})
    render.settled(created["id"])
    made = render.api.post(f"/services/{created['id']}/rollback", json={"deployId": created["deployId"]})
    assert made.status_code == 201
    assert made.json()["trigger"] == "rollback"
    assert render.settled(created["id"])["status"] == "live"
    assert render.messages(created["id"], type="app")[-1] == "[Worker] Started, polling every 3000ms"
    absent = render.api.post(f"/services/{created['id']}/rollback", json={"deployId": "dep-absent"})
    assert absent.status_code == 404


def test_suspend_stops_the_worker_and_resume_deploys(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    path = f"/services/{created['id']}"
    suspended = render.api.post(f"{path}/suspend")
    assert suspended.status_code == 202
    assert suspended.content == b""
    service = render.api.get(path).json()
    assert service["suspended"] == "suspended"
    assert service["suspenders"] == ["user"]
    assert render.api.get(f"{path}/instances").json() == []
    assert render.api.post(f"{path}/deploys", json={}).status_code == 400
    assert render.api.post(f"{path}/restart").status_code == 400
    assert render.api.post(f"{path}/resume").status_code == 202
    assert render.settled(created["id"])["trigger"] == "service_resumed"
    assert len(render.api.get(f"{path}/instances").json()) == 1


def test_the_hook_is_shown_by_no_api_and_triggers_a_deploy(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    hook = render.hook(created["id"])
    assert hook.partition("key=")[2] not in render.api.get(f"/services/{created['id']}").text
    with httpx.Client(trust_env=False) as anyone:
        answer = anyone.post(hook)
    assert answer.status_code == 200
    result = render.settled(created["id"], answer.json()["deploy"]["id"])
    assert result["trigger"] == "deploy_hook"
    assert result["status"] == "live"


def test_a_wrong_hook_is_refused_and_deploys_nothing(render: Render) -> None:
    created = render.create()
    hook = render.hook(created["id"])
    assert httpx.post(hook + "x").status_code == 401
    assert httpx.post(hook.partition("?")[0]).status_code == 401
    assert httpx.post(hook.replace(created["id"], "srv-absent")).status_code == 404
    assert len(statuses(render, created["id"])) == 1


def test_the_dashboard_wants_a_login_and_regenerating_ends_the_old_hook(render: Render) -> None:
    created = render.create()
    hook = render.hook(created["id"])
    page = hook.replace("/deploy/", "/dashboard/").partition("?")[0] + "/settings"
    assert httpx.get(page).status_code == 401
    key = render.sandbox.exports["RENDER_API_KEY"]
    assert hook in httpx.get(page, headers={"Cookie": f"render_session={key}"}).text
    assert render.api.post(page).status_code == 303
    assert httpx.post(hook).status_code == 401
    assert httpx.post(render.hook(created["id"])).status_code == 200


def test_a_get_on_the_hook_is_journalled_as_a_write_without_its_key(render: Render) -> None:
    created = render.create()
    render.sandbox.control.delete("/journal")
    httpx.get(render.hook(created["id"]))
    entry = render.sandbox.journal("render")[-1]
    assert entry["method"] == "GET"
    assert entry["path"] == f"/deploy/{created['id']}"
    assert entry["writes"] is True
