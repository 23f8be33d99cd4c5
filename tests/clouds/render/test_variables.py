"""The worker's variables: set one by one, compared in clear and never shown, and compared with Vercel's fingerprints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import vercel
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import VerificationFailed
from deploybook.state.last_writes import LastWrites

from .conftest import WANTED, Bench

PROJECT = "studio-production"


def drifted(clouds: Connections, service: str) -> None:
    """One added, one with a line break pasted along, one removed."""
    clouds.render.put_variable(service, "ADDED_BY_HAND", "x")
    clouds.render.put_variable(service, "TURSO_AUTH_TOKEN", "canary-turso-token\n")
    clouds.render.delete_variable(service, "STORAGE_BACKEND")


def test_drift_is_named_repaired_and_what_is_not_ours_left(
    clouds: Connections, bench: Bench, sandbox: RunningSandbox
) -> None:
    state = bench.live()
    drifted(clouds, state.id)
    variables = bench.variables(state)
    present = variables.read(clouds)
    assert present is not None
    changes = variables.differences(present)
    assert {change.field: change.old for change in changes} == {
        "TURSO_AUTH_TOKEN": "different by white space",
        "STORAGE_BACKEND": "missing",
    }
    with pytest.raises(VerificationFailed) as caught:
        variables.verify(clouds.render)
    output = " ".join([*map(str, changes), *caught.value.lines(), str(caught.value)])
    assert caught.value.entry == "render-variables"
    assert "canary" not in output
    sandbox.control.delete("/journal")
    variables.update(clouds, present, changes)
    written = sorted(entry["path"].rpartition("/")[2] for entry in sandbox.journal("render") if entry["writes"])
    assert written == ["STORAGE_BACKEND", "TURSO_AUTH_TOKEN"]
    assert variables.verify(clouds.render) == "3; not in the contract, and left: ADDED_BY_HAND"
    assert clouds.render.variables(state.id)["ADDED_BY_HAND"] == "x"


def test_variables_that_came_with_the_worker_are_not_sent_again(
    clouds: Connections, bench: Bench, sandbox: RunningSandbox, observed: LastWrites
) -> None:
    made = bench.worker().create(clouds)
    variables = bench.variables(made)
    assert variables.read(clouds) is None
    sandbox.control.delete("/journal")
    variables.create(clouds)
    assert sandbox.journal("render") == []
    assert observed.get("render:undeployed:worker") == {}


def test_what_is_written_is_looked_at_again_before_it_is_called_right(
    clouds: Connections, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = bench.live()
    drifted(clouds, state.id)
    variables = bench.variables(state)
    present = variables.read(clouds)
    assert present is not None
    monkeypatch.setattr(clouds.render, "put_variable", lambda *_: None)
    variables.update(clouds, present, variables.differences(present))
    with pytest.raises(VerificationFailed, match="TURSO_AUTH_TOKEN is different"):
        variables.verify(clouds.render)


def test_a_limit_a_restart_and_a_lost_answer_are_waited_out(
    clouds: Connections, bench: Bench, fault: Callable[..., None]
) -> None:
    state = bench.live()
    drifted(clouds, state.id)
    variables = bench.variables(state)
    present = variables.read(clouds)
    assert present is not None
    fault(kind="status", method="PUT", status=429, headers={"Retry-After": "1"})
    fault(kind="status", method="PUT", status=503)
    fault(kind="lost-answer", method="PUT")
    variables.update(clouds, present, variables.differences(present))
    assert variables.verify(clouds.render).startswith("3")


@pytest.fixture
def both(start_sandbox: Callable[..., RunningSandbox], connect: Connect) -> Connections:
    """Vercel and Render side by side."""
    running = start_sandbox("vercel", "render")
    running.reset()
    return connect(running)


SHARED = {**WANTED, "DEPLOY_ENV": ConsumerVariable("DEPLOY_ENV", SecretStr("production"), secret=False)}


def at_vercel(clouds: Connections, observed: LastWrites, **values: str) -> None:
    """A project with the shared variables, some of them with other values."""
    changed = {name: ConsumerVariable(name, SecretStr(value), SHARED[name].secret) for name, value in values.items()}
    project = vercel.Project(PROJECT).create(clouds)
    vercel.Variables(PROJECT, project, SHARED | changed, observed).create(clouds)


def agreement(clouds: Connections, bench: Bench) -> str:
    state = bench.worker().read(clouds) or bench.worker().create(clouds)
    variables = bench.variables(state)
    variables.read(clouds)
    return variables.agree_with_vercel(clouds.render, clouds.vercel, PROJECT, SHARED)


def test_what_vercel_and_render_share_is_compared_by_fingerprint(both: Connections, observed: LastWrites) -> None:
    at_vercel(both, observed)
    assert agreement(both, Bench(both, observed)) == "3 shared"


@pytest.mark.parametrize(("name", "value"), [("TURSO_AUTH_TOKEN", "another"), ("STORAGE_BACKEND", "local")])
def test_a_value_that_differs_between_the_two_is_named(
    both: Connections, observed: LastWrites, name: str, value: str
) -> None:
    at_vercel(both, observed, **{name: value})
    with pytest.raises(VerificationFailed, match=f"differ in {name}"):
        agreement(both, Bench(both, observed))


def test_a_value_changed_at_render_is_compared_as_it_stands_there(both: Connections, observed: LastWrites) -> None:
    at_vercel(both, observed)
    bench = Bench(both, observed)
    both.render.put_variable(bench.worker().create(both).id, "TURSO_AUTH_TOKEN", "another")
    with pytest.raises(VerificationFailed, match="differ in TURSO_AUTH_TOKEN"):
        agreement(both, bench)


def test_a_project_that_is_not_there_agrees_with_nothing(both: Connections, observed: LastWrites) -> None:
    with pytest.raises(VerificationFailed, match="differ in STORAGE_BACKEND, TURSO_AUTH_TOKEN, TURSO_DATABASE_URL"):
        agreement(both, Bench(both, observed))


def test_deleting_the_wanted_variables_leaves_the_others(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    clouds.render.put_variable(state.id, "ADDED_BY_HAND", "x")
    bench.variables(state).delete(clouds, clouds.render.variables(state.id))
    assert clouds.render.variables(state.id) == {"ADDED_BY_HAND": "x"}
