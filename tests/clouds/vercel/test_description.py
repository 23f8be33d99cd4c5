"""Every request of ours is one that Vercel's description allows, to the field."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox
from tests.description import Requests

from deploybook.clouds import vercel

from .conftest import WANTED, Site

SERVER = "https://api.vercel.com"
# Operation by operation, what the client is able to send.
OPERATIONS = {
    "getTeam",
    "getAuthUser",
    "getProject",
    "createProject",
    "updateProject",
    "deleteProject",
    "filterProjectEnvs",
    "createProjectEnv",
    "editProjectEnv",
    "removeProjectEnv",
    "getProjectDomains",
    "uploadFile",
    "createDeployment",
    "getDeployment",
    "getDeployments",
    "getDeploymentEvents",
}


# It goes with every request; where its id is in the path already, the description leaves it out.
TEAM = frozenset({"teamId"})


def exercise(site: Site) -> None:
    """Send everything that the client is able to send."""
    clouds, client = site.clouds, site.clouds.vercel
    vercel.team_is_visible(client)
    wished = vercel.Project("linked", repository="studio/web", root_directory="apps/web")
    wished.create(clouds)
    site.project = vercel.Project("web").read(clouds) or site.project
    changed = vercel.Project("web", root_directory="apps/web")
    site.project = changed.update(clouds, site.project, changed.differences(site.project))
    site.project = vercel.Project("web").update(clouds, site.project, [])
    both = {"key": "PLAIN", "value": "x", "type": "plain", "target": ["production", "preview"]}
    client.put_variables(site.project.id, [both])
    variables = site.set()
    site.deployment().create(clouds)
    linked = wished.read(clouds)
    assert linked is not None
    by_git = vercel.Deployment("linked", linked, vercel.source("studio/web", "main", ""), site.variables())
    by_git.create(clouds)
    client.build_log(client.production_deployments(site.project.id)[0].id)
    vercel.production_url(client, site.project)
    state = variables.read(clouds)
    assert state is not None
    variables.delete(clouds, state)
    wished.delete(clouds, linked)


def test_every_request_is_described(site: Site, sandbox: RunningSandbox, connect: Connect, specs: Path) -> None:
    requests: list[httpx.Request] = []
    site.clouds.vercel.api.client.event_hooks = {"request": [requests.append]}
    exercise(site)
    alone = connect(sandbox, VERCEL_TEAM_ID="").vercel
    alone.api.client.event_hooks = {"request": [requests.append]}
    vercel.team_is_visible(alone)
    description = Requests(specs / "vercel.json", everywhere=TEAM)
    assert {description.check(request) for request in requests} == OPERATIONS
    assert len(WANTED) == 2


@pytest.mark.parametrize(
    "request_of_ours",
    [
        httpx.Request("POST", f"{SERVER}/v11/projects", json={}),
        httpx.Request("POST", f"{SERVER}/v11/projects", json={"name": "web", "unknown": 1}),
        httpx.Request(
            "POST", f"{SERVER}/v10/projects/web/env", json=[{"key": "A", "value": "b", "target": ["production"]}]
        ),
        httpx.Request("POST", f"{SERVER}/v13/deployments", json={"name": "web", "files": [{"sha": "x"}]}),
        httpx.Request("GET", f"{SERVER}/v10/projects/web/env?target=production"),
        httpx.Request("GET", f"{SERVER}/v1/nothing"),
    ],
)
def test_a_request_that_is_not_described_would_be_seen(request_of_ours: httpx.Request, specs: Path) -> None:
    request_of_ours.headers["Authorization"] = "Bearer x"
    with pytest.raises((OpenAPIError, AssertionError)):
        Requests(specs / "vercel.json", everywhere=TEAM).check(request_of_ours)
