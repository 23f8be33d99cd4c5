"""Vercel's own CLI against the sandbox: link, set variables, deploy, redeploy, roll back; and it is refused where it would be."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients import node
from tests.waiting import PATIENCE_SECONDS

CLI = Path(__file__).parent / "node_modules" / "vercel" / "dist" / "vc.js"

pytestmark = pytest.mark.client

Done = subprocess.CompletedProcess[str]


class Cli:
    """The CLI in a folder with one page, telemetry and update checks off."""

    def __init__(self, sandbox: Any, directory: Path) -> None:
        self.sandbox = sandbox
        self.site = directory / "site"
        self.home = directory / "home"
        self.site.mkdir()
        self.home.mkdir()
        (self.site / "index.html").write_text("<h1>by the CLI</h1>")

    def __call__(self, *arguments: str, typed: str = "", token: str = "", fails: bool = False) -> Done:
        """Run one command for the team; ``typed`` is its standard input."""
        exports = self.sandbox.exports
        environment = self.sandbox.environment(
            HOME=str(self.home),
            XDG_DATA_HOME=str(self.home),
            VERCEL_TELEMETRY_DISABLED="1",
            NO_UPDATE_NOTIFIER="1",
            NO_COLOR="1",
            CI="1",
            **node.COMPILED,
        )
        # The CLI takes these for its own; the flags are what a person types.
        for name in ("VERCEL_TOKEN", "VERCEL_TEAM_ID"):
            environment.pop(name)
        command = [node.NODE, str(CLI), "--api", exports["VERCEL_API_URL"], "--token", token or exports["VERCEL_TOKEN"]]
        command += [*arguments, "--scope", exports["VERCEL_TEAM_ID"]]
        completed = subprocess.run(
            command,
            cwd=self.site,
            env=environment,
            input=typed,
            text=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        assert (completed.returncode != 0) == fails, completed.stdout + completed.stderr
        return completed

    def link(self) -> None:
        """A new project ``web``, linked to the folder."""
        self("project", "add", "web")
        self("link", "--yes", "--project", "web")

    def api(self, path: str, **params: str) -> Any:
        """What the API itself says."""
        exports = self.sandbox.exports
        headers = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}
        query = {"teamId": exports["VERCEL_TEAM_ID"], **params}
        return httpx.get(exports["VERCEL_API_URL"] + path, headers=headers, params=query, trust_env=False).json()

    def production(self) -> str:
        """What a visitor of the production domain sees."""
        trusted = ssl.create_default_context(cafile=self.sandbox.exports["SSL_CERT_FILE"])
        domain = self.api("/v9/projects/web/domains")["domains"][0]["name"]
        return httpx.get(f"https://{domain}/", verify=trusted, trust_env=False).text


@pytest.fixture
def vc(start_sandbox: Callable[..., Any], tmp_path: Path) -> Cli:
    """The CLI with a new account."""
    node.require("vercel")
    sandbox = start_sandbox("vercel")
    sandbox.reset()
    return Cli(sandbox, tmp_path)


def test_whoami_names_the_operator_and_refuses_a_wrong_token(vc: Cli) -> None:
    assert vc("whoami").stdout.strip() == "operator"
    assert "do not have access" in vc("whoami", token="0" * 24, fails=True).stderr


def test_project_is_added_once_linked_and_removed(vc: Cli) -> None:
    vc.link()
    linked = json.loads((vc.site / ".vercel" / "project.json").read_text())
    assert linked["projectId"] == vc.api("/v9/projects/web")["id"]
    assert linked["orgId"] == vc.sandbox.exports["VERCEL_TEAM_ID"]
    # The CLI takes a conflict for success: it must not have made a second one.
    vc("project", "add", "web")
    assert [one["name"] for one in vc.api("/v10/projects")["projects"]] == ["web"]
    vc("project", "rm", "web", typed="y\n")
    assert vc.api("/v9/projects/web")["error"]["code"] == "not_found"


def test_variables_are_added_listed_pulled_and_removed(vc: Cli) -> None:
    vc.link()
    vc("env", "add", "BUCKET", "production", "--type", "config", typed="studio")
    vc("env", "add", "SECRET", "production", "--sensitive", typed="hush")
    again = vc("env", "add", "BUCKET", "production", "--type", "config", typed="other", fails=True)
    assert "already exists" in again.stderr
    assert {one["key"]: one["type"] for one in vc.api("/v10/projects/web/env")["envs"]} == {
        "BUCKET": "encrypted",
        "SECRET": "sensitive",
    }
    listed = vc("env", "ls").stdout
    assert "BUCKET" in listed
    assert "SECRET" in listed
    vc("env", "pull", "--environment=production", "--yes")
    pulled = (vc.site / ".env.local").read_text()
    assert 'BUCKET="studio"' in pulled
    assert "hush" not in pulled
    vc("env", "rm", "BUCKET", "production", "--yes")
    assert [one["key"] for one in vc.api("/v10/projects/web/env")["envs"]] == ["SECRET"]


def test_static_folder_is_deployed_to_production(vc: Cli) -> None:
    vc.link()
    result = vc("deploy", "--prod", "--yes")
    deployment = vc.api("/v6/deployments")["deployments"][0]
    assert result.stdout.strip() == f"https://{deployment['url']}"
    assert deployment["target"] == "production"
    assert vc.production() == "<h1>by the CLI</h1>"


def test_prebuilt_output_is_uploaded_and_deployed_as_in_ci(vc: Cli) -> None:
    vc.link()
    vc("pull", "--yes", "--environment=production")
    vc("build", "--prod", "--yes")
    # The build's output is a hard link to the source.
    (vc.site / "index.html").unlink()
    (vc.site / "index.html").write_text("changed after the build")
    vc.sandbox.control.delete("/journal")
    vc("deploy", "--prebuilt", "--prod", "--yes")
    posts = [(entry["path"], entry["status"]) for entry in vc.sandbox.journal("vercel") if entry["method"] == "POST"]
    assert posts[0] == ("/v13/deployments", 400)
    assert ("/v2/files", 200) in posts
    assert posts[-1] == ("/v13/deployments", 200)
    assert vc.production() == "<h1>by the CLI</h1>"


def test_failed_build_is_reported_and_production_stays(vc: Cli) -> None:
    vc.link()
    vc("deploy", "--prod", "--yes")
    (vc.site / "index.html").write_text("broken")
    (vc.site / "package.json").write_text('{"scripts": {"build": "exit 1"}}')
    result = vc("deploy", "--prod", "--yes", fails=True)
    assert 'Command "npm run build" exited with 1' in result.stderr
    assert vc.production() == "<h1>by the CLI</h1>"


def test_redeployment_takes_new_variables(vc: Cli) -> None:
    vc.link()
    vc("deploy", "--prod", "--yes")
    first = vc.api("/v6/deployments")["deployments"][0]
    vc("env", "add", "LATER", "production", "--sensitive", typed="x")
    vc("redeploy", first["uid"])
    newest = vc.api("/v6/deployments")["deployments"][0]
    assert vc.api(f"/v13/deployments/{first['uid']}")["env"] == []
    assert vc.api(f"/v13/deployments/{newest['uid']}")["env"] == ["LATER"]


def test_rollback_and_promote_move_production(vc: Cli) -> None:
    vc.link()
    vc("deploy", "--prod", "--yes")
    (vc.site / "index.html").write_text("second")
    vc("deploy", "--prod", "--yes")
    second, first = vc.api("/v6/deployments")["deployments"]
    assert vc.production() == "second"
    vc("rollback", first["url"], "--yes")
    assert vc.production() == "<h1>by the CLI</h1>"
    vc("promote", second["url"], "--yes")
    assert vc.production() == "second"


def test_deployments_projects_and_aliases_are_listed_and_inspected(vc: Cli) -> None:
    vc.link()
    vc("deploy", "--prod", "--yes")
    deployment = vc.api("/v6/deployments")["deployments"][0]
    assert deployment["url"] in vc("ls", "web").stdout
    inspected = vc("inspect", deployment["url"]).stderr
    assert deployment["uid"] in inspected
    assert "index.html" in inspected
    assert "web" in vc("project", "ls").stderr
    assert deployment["url"] in vc("alias", "ls").stdout


def test_what_the_sandbox_lacks_fails_the_command(vc: Cli) -> None:
    vc.link()
    assert "not implemented in the sandbox" in vc("domains", "add", "app.example.com", "web", fails=True).stderr
