"""The worker, its variables, its deploy and its hook against the sandbox's Render, and against Render's own description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.clouds.description import Description, recorded
from tests.conftest import RunningSandbox

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.clouds.render.deploy import wait_live
from deploybook.clouds.render.worker import WorkerState
from deploybook.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
    VerificationFailed,
)
from deploybook.observed import Observed
from deploybook.pushing import Pushed

SETTINGS = render.Settings("example/studio")
WANTED = {
    "TURSO_DATABASE_URL": Pushed("TURSO_DATABASE_URL", SecretStr("libsql://db.example.com"), secret=False),
    "TURSO_AUTH_TOKEN": Pushed("TURSO_AUTH_TOKEN", SecretStr("canary-turso-token"), secret=True),
    "STORAGE_BACKEND": Pushed("STORAGE_BACKEND", SecretStr("r2"), secret=False),
}


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("render")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect) -> Connections:
    return connect(sandbox)


@pytest.fixture
def observed(tmp_path: Path) -> Observed:
    return Observed(tmp_path, "production")


def for_docker_workers(document: dict[str, Any]) -> None:
    """``serviceDetails`` is a oneOf without a discriminator, of which several fit: the sibling ``type`` decides which is meant."""
    schemas = document["components"]["schemas"]
    for body in ("servicePOST", "servicePATCH"):
        method = body.removeprefix("service")
        narrowed = {"$ref": f"#/components/schemas/backgroundWorkerDetails{method}"}
        schemas[body]["properties"]["serviceDetails"] = narrowed
        details = schemas[f"backgroundWorkerDetails{method}"]["properties"]
        details["envSpecificDetails"] = {"$ref": f"#/components/schemas/dockerDetails{method}"}


def worker_of(clouds: Connections, observed: Observed, settings: render.Settings = SETTINGS) -> render.Worker:
    return render.Worker("worker", render.owner(clouds.render, ""), settings, WANTED, observed)


def live(clouds: Connections, observed: Observed) -> WorkerState:
    """A worker whose first deploy is live."""
    state = worker_of(clouds, observed).create(clouds)
    deploy = render.Deploy("worker", state, observed)
    found = deploy.read(clouds)
    assert found is not None
    deploy.update(clouds, found, deploy.differences(found))
    return state


def test_a_worker_is_made_with_its_variables_and_found_again(clouds: Connections, observed: Observed) -> None:
    worker = worker_of(clouds, observed)
    assert worker.read(clouds) is None
    state = worker.create(clouds)
    found = worker.read(clouds)
    assert found == state
    assert worker.differences(state) == []
    variables = render.Variables("worker", state, WANTED, observed)
    values = variables.read(clouds)
    assert values is not None
    assert variables.differences(values) == []


def test_a_name_that_only_begins_alike_is_not_ours(clouds: Connections, observed: Observed) -> None:
    render.Worker("worker-2", render.owner(clouds.render, ""), SETTINGS, WANTED, observed).create(clouds)
    assert worker_of(clouds, observed).read(clouds) is None


def test_a_worker_of_another_plan_or_branch_is_changed_and_deployed(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    wished = worker_of(clouds, observed, render.Settings("example/studio", "release", plan="standard"))
    changes = wished.differences(state)
    assert [change.field for change in changes] == ["branch", "plan"]
    changed = wished.update(clouds, state, changes)
    found = wished.read(clouds)
    assert found is not None
    assert wished.differences(found) == []
    deploy = render.Deploy("worker", changed, observed)
    current = deploy.read(clouds)
    assert current is not None
    assert [change.field for change in deploy.differences(current)] == ["settings"]
    after = deploy.update(clouds, current, deploy.differences(current))
    assert (after.id != current.id, deploy.differences(after)) == (True, [])


def test_a_region_cannot_be_changed(clouds: Connections, observed: Observed) -> None:
    state = worker_of(clouds, observed).create(clouds)
    moved = worker_of(clouds, observed, render.Settings("example/studio", region="frankfurt"))
    with pytest.raises(Conflict, match="can't move it to frankfurt"):
        moved.update(clouds, state, moved.differences(state))


def test_a_suspended_worker_is_resumed(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    clouds.render.api.call("suspend", "POST", f"/services/{state.id}/suspend")
    worker = worker_of(clouds, observed)
    found = worker.read(clouds)
    assert found is not None
    assert [change.field for change in worker.differences(found)] == ["suspended"]
    with pytest.raises(VerificationFailed, match="not live"):
        render.is_live(clouds.render, found)
    worker.update(clouds, found, worker.differences(found))
    again = worker.read(clouds)
    assert again is not None
    assert not again.suspended


def test_variables_of_others_are_left_and_named(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    clouds.render.put_variable(state.id, "ADDED_BY_HAND", "x")
    clouds.render.put_variable(state.id, "TURSO_AUTH_TOKEN", "canary-turso-token\n")
    clouds.render.delete_variable(state.id, "STORAGE_BACKEND")
    variables = render.Variables("worker", state, WANTED, observed)
    found = variables.read(clouds)
    assert found is not None
    changes = variables.differences(found)
    assert {change.field: change.old for change in changes} == {
        "TURSO_AUTH_TOKEN": "different by white space",
        "STORAGE_BACKEND": "missing",
    }
    assert "canary" not in " ".join(str(change) for change in changes)
    variables.update(clouds, found, changes)
    assert "left: ADDED_BY_HAND" in variables.verify(clouds.render)
    assert clouds.render.variables(state.id)["ADDED_BY_HAND"] == "x"


def test_a_change_is_remembered_until_a_deploy_has_taken_it_up(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    variables = render.Variables("worker", state, WANTED, observed)
    clouds.render.put_variable(state.id, "STORAGE_BACKEND", "local")
    found = variables.read(clouds)
    assert found is not None
    variables.update(clouds, found, variables.differences(found))
    # As after a kill: another object, the same record.
    deploy = render.Deploy("worker", state, observed)
    current = deploy.read(clouds)
    assert current is not None
    assert [change.field for change in deploy.differences(current)] == ["variables"]
    deploy.update(clouds, current, deploy.differences(current))
    latest = deploy.read(clouds)
    assert latest is not None
    assert deploy.differences(latest) == []


def test_a_deploy_that_was_queued_without_an_answer_is_found_and_followed(
    clouds: Connections, observed: Observed
) -> None:
    state = live(clouds, observed)
    first = clouds.render.start_deploy(state.id)
    second = clouds.render.start_deploy(state.id)
    assert first != second
    assert wait_live(clouds.render, state, first, 20).id in {first, second}
    assert wait_live(clouds.render, state, second, 20).id == second


def test_a_failed_build_shows_the_end_of_its_log(clouds: Connections, observed: Observed) -> None:
    broken = worker_of(clouds, observed, render.Settings("example/studio", dockerfile="absent/Dockerfile"))
    state = broken.create(clouds)
    deploy = render.Deploy("worker", state, observed)
    with pytest.raises(UnexpectedResponse, match="build_failed") as caught:
        wait_live(clouds.render, state, clouds.render.deploys(state.id)[0]["id"], 20)
    assert "Last lines of the log" in caught.value.message
    assert deploy.read(clouds) is None


def test_a_worker_without_its_database_is_named_by_its_log(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    started = render.Deploy("worker", state, observed).read(clouds)
    assert started is not None
    assert "[Worker] Started" in render.has_started(clouds.render, state, started)
    clouds.render.delete_variable(state.id, "TURSO_DATABASE_URL")
    failed = clouds.render.start_deploy(state.id)
    with pytest.raises(UnexpectedResponse, match="update_failed"):
        wait_live(clouds.render, state, failed, 20)


def test_a_lost_answer_to_the_create_is_found_by_name(
    clouds: Connections, sandbox: RunningSandbox, observed: Observed
) -> None:
    fault = {"service": "render", "kind": "lost-answer", "method": "POST", "path": "/v1/services"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    worker = worker_of(clouds, observed)
    with pytest.raises(Unreachable):
        worker.create(clouds)
    assert worker.read(clouds) is not None


def test_the_hook_that_a_person_copies_is_used_once(clouds: Connections, observed: Observed) -> None:
    state = live(clouds, observed)
    hook = render.copied_by_a_person(clouds.render, state)
    before = len(clouds.render.deploys(state.id))
    assert "it started dep-" in render.proved(clouds.render, state, hook, None)
    assert len(clouds.render.deploys(state.id)) == before + 1
    assert "it was used when" in render.proved(clouds.render, state, hook, hook)
    assert len(clouds.render.deploys(state.id)) == before + 1


@pytest.mark.parametrize("broken", [lambda url: url.replace("/deploy/srv-", "/deploy/srv-x"), lambda url: url + "x"])
def test_a_hook_of_another_worker_or_a_regenerated_one_is_refused_without_showing_it(
    clouds: Connections, observed: Observed, broken: Callable[[str], str]
) -> None:
    state = live(clouds, observed)
    wrong = SecretStr(broken(render.copied_by_a_person(clouds.render, state).get_secret_value()))
    with pytest.raises(VerificationFailed) as caught:
        render.proved(clouds.render, state, wrong, None)
    assert "key=" not in str(caught.value).replace("?key=…", "")
    assert caught.value.entry == "render-deploy-hook"


def test_a_wrong_key_and_an_unknown_workspace_are_told_apart(
    sandbox: RunningSandbox, connect: Connect, clouds: Connections
) -> None:
    with pytest.raises(NotFound, match="sees no workspace Elsewhere"):
        render.owner(clouds.render, "Elsewhere")
    with pytest.raises(Unauthorized) as caught:
        render.key_sees_workspace(connect(sandbox, RENDER_API_KEY="rnd_canary").render, "")
    assert "canary" not in "\n".join(caught.value.lines())


def test_a_worker_without_a_repository_is_refused_before_any_request(
    clouds: Connections, observed: Observed, sandbox: RunningSandbox
) -> None:
    sandbox.control.delete("/journal")
    with pytest.raises(InvalidValue):
        render.Worker("worker", "tea-x", render.Settings(""), WANTED, observed).create(clouds)
    assert sandbox.journal("render") == []


def test_every_request_of_ours_is_described(clouds: Connections, observed: Observed, specs: Path) -> None:
    requests = recorded(clouds.render.api.client)
    state = live(clouds, observed)
    wished = worker_of(clouds, observed, render.Settings("example/studio", plan="standard"))
    wished.update(clouds, WorkerState(state.id, state.owner_id, SETTINGS, suspended=True), wished.differences(state))
    variables = render.Variables("worker", state, WANTED, observed)
    variables.create(clouds)
    variables.delete(clouds, clouds.render.variables(state.id))
    deploy = clouds.render.start_deploy(state.id)
    clouds.render.deploy(state.id, deploy)
    clouds.render.logs(state.owner_id, state.id, "2026-01-01T00:00:00Z")
    wished.delete(clouds, state)
    description = Description(specs / "render.json", "https://api.render.com", for_docker_workers)
    seen = {description.check(request) for request in requests}
    assert {
        "create-service",
        "update-service",
        "delete-service",
        "update-env-var",
        "create-deploy",
        "list-logs",
    } <= seen


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/services", {"type": "background_worker"}),
        ("PUT", "/v1/services/srv-x/env-vars/A", {"value": 1}),
        ("GET", "/v1/nothing", None),
    ],
)
def test_a_request_that_is_not_described_would_be_seen(method: str, path: str, body: object, specs: Path) -> None:
    headers = {"Authorization": "Bearer x"}
    wrong = httpx.Request(method, f"https://api.render.com{path}", json=body, headers=headers)
    with pytest.raises(OpenAPIError):
        Description(specs / "render.json", "https://api.render.com", for_docker_workers).check(wrong)
