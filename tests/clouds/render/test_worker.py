"""The worker and its workspace against the sandbox's Render, which shares no code with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.clouds.render.schema import Owner
from deploybook.errors import (
    Conflict,
    InvalidValue,
    NotFound,
    PermissionDenied,
    ServiceError,
    Unauthorized,
    Unreachable,
    VerificationFailed,
)
from deploybook.state.last_writes import LastWrites

from .conftest import SETTINGS, WANTED, Bench


def test_a_worker_is_made_with_its_variables_and_found_again(clouds: Connections, bench: Bench) -> None:
    worker = bench.worker()
    assert worker.read(clouds) is None
    made = worker.create(clouds)
    assert made.first_deploy.startswith("dep-")
    assert worker.read(clouds) == replace(made, first_deploy="")
    assert worker.differences(made) == []
    assert clouds.render.variables(made.id) == {
        name: pushed.value.get_secret_value() for name, pushed in WANTED.items()
    }


def test_a_push_alone_deploys_nothing_for_ci_does_so_by_the_hook(clouds: Connections, bench: Bench) -> None:
    bench.worker().create(clouds)
    [service] = clouds.render.workers("worker", render.owner(clouds.render, ""))
    assert service.details is not None
    assert service.auto_deploy == "no"
    assert service.details.plan == "starter"


def test_a_name_that_only_begins_alike_is_not_ours(
    clouds: Connections, bench: Bench, observed: LastWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    render.Worker("worker-2", render.owner(clouds.render, ""), SETTINGS, WANTED, observed).create(clouds)
    assert bench.worker().read(clouds) is None
    # Even if a filter were to find it.
    alike = clouds.render.workers("worker-2", render.owner(clouds.render, ""))
    monkeypatch.setattr(clouds.render, "workers", lambda *_: alike)
    assert bench.worker().read(clouds) is None


def test_another_spelling_of_the_same_paths_and_repository_is_no_difference(clouds: Connections, bench: Bench) -> None:
    bench.worker(dockerfile="./worker/Dockerfile", context="./").create(clouds)
    same = bench.worker(dockerfile="worker//Dockerfile", context=".", repository="Example/Studio")
    assert same.differences(bench.state()) == []
    assert [difference.field for difference in bench.worker(branch="Main").differences(bench.state())] == ["branch"]


def test_another_plan_or_branch_is_changed_and_waits_for_a_deploy(clouds: Connections, bench: Bench) -> None:
    bench.live()
    wished = {"branch": "release", "plan": "standard"}
    state, worker = bench.state(**wished), bench.worker(**wished)
    assert [str(change) for change in worker.differences(state)] == [
        "branch: main → release",
        "plan: starter → standard",
    ]
    assert state.pending == "settings"
    changed = worker.update(clouds, state, worker.differences(state))
    # As after a kill: the next run finds nothing different, and deploys all the same.
    assert worker.differences(bench.state(**wished)) == []
    assert bench.state(**wished).pending == ""
    assert bench.changes(bench.deploy(bench.state(**wished)))[1] == ["settings: as they stood before → as they are"]
    deploy = bench.deploy(changed)
    present, changes = bench.changes(deploy)
    assert changes == ["settings: as they stood before → as they are"]
    after = bench.brought_up_to_date(deploy)
    assert after.id != present.id
    assert bench.changes(bench.deploy(bench.state(**wished)))[1] == []


def test_auto_deploy_turned_on_by_hand_is_turned_off_without_a_deploy(clouds: Connections, bench: Bench) -> None:
    clouds.render.update_service(bench.live().id, {"autoDeploy": "yes"})
    state, worker = bench.state(), bench.worker()
    assert [str(difference) for difference in worker.differences(state)] == ["auto-deploy: on → off"]
    assert state.pending == ""
    worker.update(clouds, state, worker.differences(state))
    assert worker.differences(bench.state()) == []
    assert bench.changes(bench.deploy(bench.state()))[1] == []


def test_a_region_cannot_be_changed(clouds: Connections, bench: Bench, sandbox: RunningSandbox) -> None:
    bench.worker().create(clouds)
    moved, state = bench.worker(region="frankfurt", plan="standard"), bench.state()
    sandbox.control.delete("/journal")
    with pytest.raises(Conflict, match="can't move it to frankfurt") as caught:
        moved.update(clouds, state, moved.differences(state))
    assert "Give region oregon" in caught.value.hint
    assert sandbox.journal("render") == []


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"runtime": "node"}, "is not built from a Dockerfile: its runtime is node"),
        ({"suspenders": ("billing",)}, "suspended by billing, which no API key can lift"),
    ],
)
def test_what_no_request_can_mend_is_refused_before_any_is_sent(
    clouds: Connections, bench: Bench, sandbox: RunningSandbox, state: dict[str, object], sentence: str
) -> None:
    made = bench.worker().create(clouds)
    worker, odd = bench.worker(), replace(made, **state)  # type: ignore[arg-type]
    sandbox.control.delete("/journal")
    with pytest.raises(Conflict, match=sentence):
        worker.update(clouds, odd, worker.differences(odd))
    assert sandbox.journal("render") == []


def test_a_suspended_worker_is_not_live_until_it_is_resumed(clouds: Connections, bench: Bench) -> None:
    clouds.render.api.call("suspend", "POST", f"/services/{bench.live().id}/suspend")
    state, worker = bench.state(), bench.worker()
    assert [str(difference) for difference in worker.differences(state)] == ["suspended: by user → no"]
    assert state.pending == "suspension"
    with pytest.raises(VerificationFailed, match="not live") as caught:
        render.is_live(clouds.render, bench.deploy(state))
    assert caught.value.found == "suspended"
    resumed = worker.update(clouds, state, worker.differences(state))
    deploy = bench.deploy(resumed)
    # The same line as the plan showed, when the worker was still suspended.
    assert bench.changes(deploy)[1] == bench.changes(bench.deploy(state))[1] == ["status: suspended → live"]
    assert bench.brought_up_to_date(deploy).status == "live"
    assert render.is_live(clouds.render, bench.deploy(bench.state())).startswith("dep-")


@pytest.mark.parametrize(
    ("field", "state", "entry"),
    [
        ("repository", {"settings": replace(SETTINGS, repository="somebody/studio")}, "render-repository"),
        ("region", {"settings": replace(SETTINGS, region="ohio")}, "render-region"),
        ("plan", {"settings": replace(SETTINGS, plan="pro")}, ""),
        ("suspended", {"suspenders": ("user",)}, "render-not-live"),
        ("suspended", {"suspenders": ("billing",)}, "render-billing"),
    ],
)
def test_what_somebody_changed_leads_to_its_own_entry(
    bench: Bench, field: str, state: dict[str, Any], entry: str
) -> None:
    worker = bench.worker()
    present = replace(worker.planned(), **state)
    assert [(change.field, change.entry) for change in worker.differences(present)] == [(field, entry)]


def test_a_worker_without_a_repository_is_refused_before_any_request(
    clouds: Connections, observed: LastWrites, sandbox: RunningSandbox
) -> None:
    sandbox.control.delete("/journal")
    with pytest.raises(InvalidValue) as caught:
        render.Worker("worker", "tea-x", render.Settings(""), WANTED, observed).create(clouds)
    assert caught.value.entry == "render-repository"
    assert sandbox.journal("render") == []


@pytest.mark.parametrize(
    ("status", "message", "kind", "entry"),
    [
        (402, "payment information is required", PermissionDenied, "render-billing"),
        (400, "unable to fetch the repo", ServiceError, "render-repository"),
        (409, "name is already in use", Conflict, "name-taken"),
        (500, "internal", ServiceError, "unexpected-response"),
    ],
)
def test_a_refused_create_leads_to_its_own_entry(
    clouds: Connections,
    bench: Bench,
    fault: Callable[..., None],
    status: int,
    message: str,
    kind: type[ServiceError],
    entry: str,
) -> None:
    worker = bench.worker()
    fault(kind="status", method="POST", status=status, body=f'{{"message": "{message}"}}')
    with pytest.raises(kind, match=message) as caught:
        worker.create(clouds)
    assert caught.value.entry == entry
    output = "\n".join(caught.value.lines()) + repr(worker) + repr(clouds.render)
    assert "canary" not in output


def test_a_create_whose_answer_was_lost_is_found_by_name(
    clouds: Connections, bench: Bench, fault: Callable[..., None]
) -> None:
    worker = bench.worker()
    fault(kind="lost-answer", method="POST", path="/v1/services")
    with pytest.raises(Unreachable):
        worker.create(clouds)
    assert len(clouds.render.workers("worker", render.owner(clouds.render, ""))) == 1
    assert worker.read(clouds) is not None


def test_a_worker_made_anew_is_not_deployed_again_for_what_was_noted_of_the_old_one(
    clouds: Connections, bench: Bench
) -> None:
    state = bench.live()
    variables = bench.variables(state)
    clouds.render.put_variable(state.id, "STORAGE_BACKEND", "local")
    present = variables.read(clouds)
    assert present is not None
    variables.update(clouds, present, variables.differences(present))
    clouds.render.delete_service(state.id)
    made = bench.worker().create(clouds)
    assert bench.brought_up_to_date(bench.deploy(made)).id == made.first_deploy


def test_a_wrong_key_and_an_unknown_workspace_are_told_apart(
    sandbox: RunningSandbox, connect: Connect, clouds: Connections
) -> None:
    with pytest.raises(
        NotFound, match=r"cannot access the workspace Elsewhere \(it can access Studio \(tea-"
    ) as caught:
        render.owner(clouds.render, "Elsewhere")
    assert caught.value.entry == "render-owner"
    with pytest.raises(Unauthorized) as refused:
        render.key_sees_workspace(connect(sandbox, RENDER_API_KEY="rnd_canary").render, "")
    assert "canary" not in "\n".join(refused.value.lines())


def test_of_several_workspaces_one_must_be_named(clouds: Connections) -> None:
    clouds.render._owners = [Owner(id=f"tea-{number}", name=name) for number, name in enumerate("ABB", 1)]
    with pytest.raises(InvalidValue, match=r"several workspaces: A \(tea-1\), B \(tea-2\), B \(tea-3\)"):
        render.owner(clouds.render, "")
    with pytest.raises(InvalidValue):
        render.owner(clouds.render, "B")
    assert [render.owner(clouds.render, name) for name in ("A", "tea-3")] == ["tea-1", "tea-3"]


def test_the_workspaces_are_read_once(clouds: Connections, sandbox: RunningSandbox) -> None:
    sandbox.control.delete("/journal")
    render.key_sees_workspace(clouds.render, "")
    render.owner(clouds.render, "Studio")
    assert len(sandbox.journal("render")) == 1


def test_every_page_of_a_list_is_read(clouds: Connections, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench.worker().create(clouds)
    monkeypatch.setattr("deploybook.clouds.render.client.PAGE", 2)
    assert len(clouds.render.variables(made.id)) == len(WANTED) == 3
