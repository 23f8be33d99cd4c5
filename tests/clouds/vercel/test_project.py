"""The team, the project, its address, and what is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import vercel
from deploybook.clouds.connections import Connections
from deploybook.clouds.vercel.project import ProjectState
from deploybook.clouds.vercel.schema import Domain
from deploybook.errors import (
    Conflict,
    InvalidValue,
    MissingVariable,
    NotFound,
    PermissionDenied,
    Unauthorized,
    UnexpectedResponse,
)

from .conftest import Site


def test_the_preflight_names_the_team_or_the_user(
    clouds: Connections, sandbox: RunningSandbox, connect: Connect
) -> None:
    assert vercel.team_is_visible(clouds.vercel) == "studio-team"
    assert vercel.team_is_visible(connect(sandbox, VERCEL_TEAM_ID="").vercel) == "operator"


@pytest.mark.parametrize(
    ("changed", "kind", "entry"),
    [
        ({"VERCEL_TEAM_ID": "team_elsewhere"}, (NotFound, PermissionDenied), "vercel-team"),
        ({"VERCEL_TEAM_ID": "studio-team"}, InvalidValue, "vercel-team"),
        ({"VERCEL_TEAM_ID": "team_../../user"}, InvalidValue, "vercel-team"),
        ({"VERCEL_TOKEN": "wrong"}, Unauthorized, "credential-refused"),
        ({"VERCEL_TOKEN": ""}, MissingVariable, "variable-missing"),
    ],
)
def test_a_wrong_team_or_token_is_told(
    sandbox: RunningSandbox, connect: Connect, changed: dict[str, str], kind: Any, entry: str
) -> None:
    with pytest.raises(kind) as caught:
        vercel.team_is_visible(connect(sandbox, **changed).vercel)
    assert caught.value.entry == entry
    assert "wrong" not in caught.value.message


def test_every_request_names_the_team(clouds: Connections, sandbox: RunningSandbox) -> None:
    requests: list[httpx.Request] = []
    clouds.vercel.api.client.event_hooks = {"request": [requests.append]}
    made = vercel.Project("web").create(clouds)
    vercel.production_url(clouds.vercel, made)
    assert {request.url.params["teamId"] for request in requests} == {sandbox.exports["VERCEL_TEAM_ID"]}
    assert made.owner_id == sandbox.exports["VERCEL_TEAM_ID"]


def test_settings_changed_by_hand_are_told_and_brought_back(clouds: Connections, by_hand: httpx.Client) -> None:
    wished = vercel.Project("web", root_directory="apps/web")
    wished.create(clouds)
    by_hand.patch("/v9/projects/web", json={"framework": None, "rootDirectory": None}).raise_for_status()
    state = wished.read(clouds)
    assert state is not None
    changes = wished.differences(state)
    assert [str(change) for change in changes] == ["framework: none → nextjs", "root directory: / → apps/web"]
    assert wished.differences(wished.update(clouds, state, changes)) == []


def test_a_repository_is_linked_when_the_project_is_made_and_deployed_from(site: Site) -> None:
    linked = vercel.Project("linked", repository="studio/web")
    site.project = linked.create(site.clouds)
    assert site.project.repository == "studio/web"
    deployed = site.deployment(source=vercel.source("studio/web", "release", "")).create(site.clouds)
    source = site.clouds.vercel.api.json("read it", "GET", f"/v13/deployments/{deployed.id}")["gitSource"]
    assert source["org"] == "studio"
    assert source["repo"] == "web"
    assert source["ref"] == "release"
    other = vercel.Project("linked", repository="studio/other")
    with pytest.raises(Conflict, match="is linked to studio/web, not to studio/other") as caught:
        other.update(site.clouds, site.project, other.differences(site.project))
    assert caught.value.entry == "vercel-repository"


def test_a_repository_that_vercel_may_not_see_is_told(clouds: Connections, sandbox: RunningSandbox) -> None:
    body = (
        '{"error": {"code": "bad_request", "message": "To link a GitHub repository, install the GitHub integration."}}'
    )
    fault = {"service": "vercel", "kind": "status", "status": 400, "body": body, "method": "POST"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    with pytest.raises(UnexpectedResponse, match="install the GitHub integration") as caught:
        vercel.Project("web", repository="studio/web").create(clouds)
    assert caught.value.entry == "vercel-repository"


DOMAINS = [
    {"name": "web.vercel.app", "verified": True},
    {"name": "www.studio.example.com", "verified": True, "redirect": "studio.example.com"},
    {"name": "staging.example.com", "verified": True, "gitBranch": "staging"},
    {"name": "new.example.com", "verified": False},
]


def answer_domains(clouds: Connections, monkeypatch: pytest.MonkeyPatch, rows: list[Any]) -> None:
    domains = [Domain.model_validate(row) for row in rows]
    monkeypatch.setattr(clouds.vercel, "domains", lambda _: domains)


@pytest.mark.parametrize(
    ("more", "wished", "url"),
    [
        ([], "", "https://web.vercel.app"),
        ([{"name": "studio.example.com", "verified": True}], "", "https://studio.example.com"),
        ([{"name": "studio.example.com", "verified": True}], "web.vercel.app", "https://web.vercel.app"),
    ],
)
def test_the_address_is_a_verified_domain_of_production(
    clouds: Connections, monkeypatch: pytest.MonkeyPatch, more: list[Any], wished: str, url: str
) -> None:
    answer_domains(clouds, monkeypatch, DOMAINS + more)
    assert vercel.production_url(clouds.vercel, ProjectState("prj_1", "team_1"), wished) == url


@pytest.mark.parametrize(
    "refused", ["staging.example.com", "new.example.com", "www.studio.example.com", "elsewhere.com"]
)
def test_a_domain_that_does_not_show_production_is_refused(
    clouds: Connections, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    answer_domains(clouds, monkeypatch, DOMAINS)
    with pytest.raises(NotFound, match=r"it has web\.vercel\.app\)") as caught:
        vercel.production_url(clouds.vercel, ProjectState("prj_1", "team_1"), refused)
    assert caught.value.entry == "vercel-domain"


def test_without_a_project_or_a_domain_there_is_no_address(
    clouds: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vercel.production_url(clouds.vercel, vercel.Project("web").planned(), "studio.example.com") == ""
    monkeypatch.setattr(clouds.vercel, "domains", lambda _: [])
    assert vercel.production_url(clouds.vercel, ProjectState("prj_1", "team_1")) == ""


def test_what_is_private_or_made_anew_is_not_deployed_wherever_the_folder_lies(tmp_path: Path) -> None:
    root = tmp_path / "node_modules" / ".next" / "web"
    for name in ("page.tsx", "app/page.tsx", ".npmrc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name in (".env", "app/.env.local", ".deploybook/production.env", "my.env", ".git/config", "node_modules/a.js"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("private")
    assert set(vercel.source("", "main", str(root)).files) == {"page.tsx", "app/page.tsx", ".npmrc"}


def test_another_name_or_content_is_another_state_of_the_files(folder: Path) -> None:
    def digest() -> str:
        return vercel.source("", "main", str(folder)).digest()

    before = digest()
    assert digest() == before
    (folder / "index.html").rename(folder / "other.html")
    renamed = digest()
    (folder / "other.html").write_text("other")
    assert len({before, renamed, digest()}) == 3


@pytest.mark.parametrize(
    ("repository", "folder", "sentence"),
    [
        ("", "", "Neither git_repository nor web_source is set"),
        ("", "nowhere", "is not a folder"),
        ("", "empty", "no file"),
    ],
)
def test_a_source_that_is_none_is_refused(tmp_path: Path, repository: str, folder: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidValue, match=sentence):
        vercel.source(repository, "main", str(tmp_path / folder) if folder else "")


def test_a_folder_is_deployed_where_the_worker_and_ci_have_a_repository(folder: Path) -> None:
    assert vercel.source("o/n", "main", str(folder)) == vercel.source("", "main", str(folder))


def test_what_stands_in_does_so_only_where_nothing_is_given(folder: Path) -> None:
    assert vercel.source("", "main", "", instead=folder).folder == folder
    assert vercel.source("o/n", "main", "", instead=folder).folder is None
