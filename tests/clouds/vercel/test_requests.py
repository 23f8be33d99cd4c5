"""How the requests go out: together where they can, again where that is safe, with word of what is waited for."""

from __future__ import annotations

import time

import pytest
from tests.conftest import RunningSandbox
from tests.runbooks.killing import hold, release, taken

from deploybook.clouds import vercel
from deploybook.clouds.connections import Connections
from deploybook.errors import RateLimited

from .conftest import Site, pushed


def requests(sandbox: RunningSandbox) -> list[str]:
    return [f"{request['method']} {request['path']}" for request in sandbox.journal("vercel")]


def test_what_the_section_reads_of_a_project_is_asked_for_together(site: Site, sandbox: RunningSandbox) -> None:
    hold(sandbox, service="vercel", kind="slow", method="GET", path="/v(10|9|6)/.*(env|domains|deployments)", times=3)
    sandbox.control.delete("/journal")
    state = vercel.Project("web", reads_ahead=True).read(site.clouds)
    assert state is not None
    # All three have come before one of them is answered.
    taken(sandbox)
    release(sandbox)
    variables = site.variables()
    variables.read(site.clouds)
    address = vercel.production_url(site.clouds.vercel, state)
    vercel.Deployment("web", state, vercel.Source(), variables).read(site.clouds)
    assert address.startswith("https://")
    assert len(requests(sandbox)) == len(set(requests(sandbox))) == 4


def test_what_was_asked_ahead_is_given_once_so_that_a_later_look_is_a_new_one(site: Site) -> None:
    vercel.Project("web", reads_ahead=True).read(site.clouds)
    assert site.clouds.vercel.variables(site.project.id) == []
    site.set()
    assert len(site.clouds.vercel.variables(site.project.id)) == 2


def test_what_fails_ahead_is_told_to_the_one_who_wants_it(site: Site, sandbox: RunningSandbox) -> None:
    limited = {"service": "vercel", "kind": "status", "status": 429, "headers": {"Retry-After": "3600"}}
    sandbox.control.post("/faults", json=limited | {"path": ".*/env"}).raise_for_status()
    vercel.Project("web", reads_ahead=True).read(site.clouds)
    assert site.clouds.vercel.domains(site.project.id)
    with pytest.raises(RateLimited, match="Vercel could not list the variables"):
        site.clouds.vercel.variables(site.project.id)


def test_a_rate_limit_that_ends_soon_is_waited_for(clouds: Connections, sandbox: RunningSandbox) -> None:
    limited = {"service": "vercel", "kind": "status", "status": 429, "headers": {"Retry-After": "1"}}
    sandbox.control.post("/faults", json=limited | {"method": "POST"}).raise_for_status()
    begun = time.monotonic()
    assert vercel.Project("web").create(clouds).id.startswith("prj_")
    assert time.monotonic() - begun >= 1.0


def test_a_removal_whose_answer_was_lost_is_done(site: Site, sandbox: RunningSandbox) -> None:
    site.set()
    lost = {"service": "vercel", "kind": "lost-answer", "method": "DELETE", "times": 1}
    for path in (".*/env/.*", f"/v9/projects/{site.project.id}"):
        sandbox.control.post("/faults", json=lost | {"path": path}).raise_for_status()
    variables = site.variables()
    entries = variables.read(site.clouds)
    assert entries is not None
    variables.delete(site.clouds, entries)
    assert site.entries() == []
    vercel.Project("web").delete(site.clouds, site.project)
    assert sandbox.control.get("/faults").json() == []
    assert vercel.Project("web").read(site.clouds) is None


def test_a_variable_set_for_previews_is_no_reason_to_deploy(site: Site) -> None:
    variables = site.set()
    deployment = site.deployment().create(site.clouds)
    body = {"key": "PLAIN", "value": "other", "type": "plain", "target": ["preview"]}
    path = f"/v10/projects/{site.project.id}/env"
    site.clouds.vercel.api.call("set it by hand", "POST", path, json=body)
    again = site.deployment()
    assert again.read(site.clouds) is not None
    assert again.differences(deployment) == []
    variables = site.set(pushed(SECRET="s" * 32, PLAIN="new"))
    assert variables.changed_at > deployment.created


def test_a_deployment_is_spoken_of_while_it_is_waited_for(site: Site) -> None:
    notes: list[str] = []
    state = site.deployment(on_progress=notes.append).create(site.clouds)
    assert notes[-1] == f"the deployment {state.id} is READY"
    assert len(notes) == len(set(notes)) > 1
