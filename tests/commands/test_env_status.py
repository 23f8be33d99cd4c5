"""``deploybook env status`` against a sandbox: each way in which a variable can stand at a place, and never a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.commands.test_env import CONTRACT, VALUES, fill, output_of
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide

from deploybook.clouds import modal, render, vercel
from deploybook.clouds.connections import Connections
from deploybook.clouds.vercel.schema import VariableAnswer
from deploybook.contract.consumers import variables_for
from deploybook.diagnosis.env_status import compared_providers
from deploybook.state.last_writes import LastWrites
from deploybook.state.vault import Vault

NAME = "studio-production"
COMPARED = compared_providers(CONTRACT)
VAULT_VALUES = {name: SecretStr(value) for name, value in VALUES.items()}


@dataclass
class Stack:
    """A guide whose variables are set at every place, as the runbooks set them, and the operator's own hands there."""

    guide: Guide
    clouds: Connections
    exports: dict[str, str]
    project: str
    worker: str

    def status(self, *arguments: str, env: dict[str, str] | None = None) -> Finished:
        result = self.guide.run("env", "status", *arguments, env=self.exports if env is None else env)
        output_of(result)
        return result

    def rows(self, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and each variable's row by name."""
        result = self.status("--json", *arguments, env=env)
        data = json.loads(result.output[: result.output.rindex("\n}") + 2])
        return result.code, {row["name"]: row for row in data["variables"]}

    def vercel_entry(self, name: str) -> VariableAnswer:
        return next(variable for variable in self.clouds.vercel.variables(self.project) if variable.key == name)

    def vercel_call(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self.clouds.vercel.api.call("change by hand", method, f"/v10/projects/{self.project}/env{path}", **body)


@pytest.fixture
def stack(guide: Guide, start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch) -> Any:
    sandbox = start_sandbox("vercel", "render", "modal")
    sandbox.reset()
    for name, value in sandbox.exports.items():
        monkeypatch.setenv(name, value)
    fill(guide)
    # The vault names the account in which the environment lives: these credentials must lead there.
    organization = {"VERCEL_ORG_ID": SecretStr(sandbox.exports["VERCEL_TEAM_ID"])}
    Vault(guide.root / ".deploybook", "production").put(organization)
    observed, clouds = LastWrites(guide.root / ".deploybook", "production"), Connections(sandbox.exports)
    wanted = {
        place: variables_for(CONTRACT, place, VAULT_VALUES, {})[0]
        for place in (consumer.name for consumer in CONTRACT.consumers)
    }
    project = vercel.Project(NAME).create(clouds)
    vercel.Variables(NAME, project, wanted["vercel"], observed).create(clouds)
    settings = render.Settings("example/studio")
    worker = render.Worker(
        f"{NAME}-worker", render.owner(clouds.render, ""), settings, wanted["render"], observed
    ).create(clouds)
    for place in ("modal:r2-credentials", "modal:render-auth"):
        secret = modal.ModalSecret(place[6:], CONTRACT.consumed_by(place), wanted[place], observed)
        secret.create(clouds)
    yield Stack(guide, clouds, sandbox.exports, project.id, worker.id)
    clouds.close()


def test_what_was_set_is_equal_everywhere(stack: Stack) -> None:
    code, rows = stack.rows()
    expected = {
        variable.name: {place: "equal" for place in variable.consumers if place not in {"github", "end_to_end"}}
        for variable in CONTRACT.variables
        if not variable.optional
    }
    assert code == 0
    assert {name: rows[name]["consumers"] for name in expected} == expected
    assert rows["WORKER_POLL_INTERVAL_MS"]["consumers"] == {}
    assert rows["MODAL_AUTH_TOKEN"]["details"] == {"modal:render-auth": "as last written"}


def test_the_table_says_the_same_in_words(stack: Stack) -> None:
    result = stack.status()
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.strip()}
    assert result.code == 0
    assert rows["TURSO_AUTH_TOKEN"].split()[1:] == ["yes", "equal", "equal", "–"]


def test_it_only_reads(stack: Stack, start_sandbox: Callable[..., RunningSandbox]) -> None:
    control = start_sandbox("vercel", "render", "modal").control
    control.delete("/journal")
    assert stack.status().code == 0
    entries = control.get("/journal").json()
    assert entries
    assert [entry for entry in entries if entry["writes"]] == []


def test_each_change_by_hand_is_reported_where_it_was_made(stack: Stack) -> None:
    call, entry = stack.vercel_call, stack.vercel_entry
    call("PATCH", f"/{entry('TURSO_AUTH_TOKEN').id}", json={"value": "a.b.c"})
    call("PATCH", f"/{entry('DEPLOY_ENV').id}", json={"target": ["preview"]})
    call("PATCH", f"/{entry('R2_BUCKET_NAME').id}", json={"value": "another"})
    call("DELETE", f"/{entry('MODAL_AUTH_TOKEN').id}")
    call("DELETE", f"/{entry('INTERNAL_WEBHOOK_SECRET').id}")
    call(
        "POST",
        "",
        json={"key": "INTERNAL_WEBHOOK_SECRET", "value": "own", "type": "sensitive", "target": ["production"]},
    )
    stack.clouds.render.put_variable(stack.worker, "TURSO_AUTH_TOKEN", "a.b.c")
    stack.clouds.render.put_variable(stack.worker, "R2_BUCKET_NAME", VALUES["R2_BUCKET_NAME"] + " ")
    stack.clouds.render.put_variable(stack.worker, "WORKER_POLL_INTERVAL_MS", "5000")
    stack.clouds.render.delete_variable(stack.worker, "STORAGE_BACKEND")
    stack.clouds.modal.delete_secret("render-auth", "")

    code, rows = stack.rows()
    drifts = {
        (name, place): standing
        for name, row in rows.items()
        for place, standing in row["consumers"].items()
        if standing != "equal"
    }
    assert drifts == {
        ("TURSO_AUTH_TOKEN", "vercel"): "differs",
        ("DEPLOY_ENV", "vercel"): "set for another target",
        ("R2_BUCKET_NAME", "vercel"): "differs",
        ("MODAL_AUTH_TOKEN", "vercel"): "missing",
        ("INTERNAL_WEBHOOK_SECRET", "vercel"): "cannot be told",
        ("TURSO_AUTH_TOKEN", "render"): "differs",
        ("R2_BUCKET_NAME", "render"): "differs",
        ("WORKER_POLL_INTERVAL_MS", "render"): "only there",
        ("STORAGE_BACKEND", "render"): "missing",
        ("MODAL_AUTH_TOKEN", "modal:render-auth"): "missing",
    }
    assert code == 4
    assert rows["R2_BUCKET_NAME"]["details"]["render"] == "by white space"
    assert rows["DEPLOY_ENV"]["details"]["vercel"] == "set for preview only"


def test_a_modal_secret_made_by_another_hand_is_no_longer_ours(stack: Stack) -> None:
    stack.clouds.modal.delete_secret("render-auth", "")
    stack.clouds.modal.create_secret("render-auth", "", {"MODAL_AUTH_TOKEN": SecretStr("other")})
    code, rows = stack.rows()
    assert code == 4
    assert rows["MODAL_AUTH_TOKEN"]["consumers"]["modal:render-auth"] == "differs"
    LastWrites(stack.guide.root / ".deploybook", "production").forget("modal:secret:render-auth")
    code, rows = stack.rows()
    assert code == 0
    assert rows["MODAL_AUTH_TOKEN"]["consumers"]["modal:render-auth"] == "cannot be told"


def test_a_changed_vault_differs_everywhere_and_a_lost_one_too(stack: Stack) -> None:
    vault = Vault(stack.guide.root / ".deploybook", "production")
    vault.put({"MODAL_AUTH_TOKEN": SecretStr("ab" * 32)})
    vault.forget("TURSO_AUTH_TOKEN")
    code, rows = stack.rows()
    assert code == 4
    assert rows["MODAL_AUTH_TOKEN"]["consumers"] == dict.fromkeys(("vercel", "render", "modal:render-auth"), "differs")
    assert rows["TURSO_AUTH_TOKEN"]["details"] == dict.fromkeys(("vercel", "render"), "not in the vault")
    assert rows["TURSO_AUTH_TOKEN"]["vault"] is False


def test_a_place_without_its_credential_is_said_not_to_be_asked(stack: Stack) -> None:
    env = {name: value for name, value in stack.exports.items() if not name.startswith("RENDER_")}
    result = stack.status(env=env)
    assert result.code == 0
    assert "Render: NOT ASKED. RENDER_API_KEY is not set." in result.output
    _, rows = stack.rows(env=env)
    assert rows["TURSO_AUTH_TOKEN"]["consumers"] == {"vercel": "equal", "render": "not asked"}


def test_a_place_that_refuses_hides_no_other(stack: Stack) -> None:
    env = stack.exports | {"RENDER_API_KEY": "canary-wrong-key"}
    code, rows = stack.rows(env=env)
    assert code == 3
    assert rows["TURSO_AUTH_TOKEN"]["consumers"] == {"vercel": "equal", "render": "cannot be told"}
    result = stack.status(env=env)
    assert "RENDER_API_KEY" in result.output
    assert "canary-wrong-key" not in result.output
    stack.vercel_call("DELETE", f"/{stack.vercel_entry('DEPLOY_ENV').id}")
    assert stack.status(env=env).code == 4


def test_names_are_the_runbooks_parameters(stack: Stack, tmp_path: Path) -> None:
    code, rows = stack.rows("-p", "project_name", "other", "-p", "service_name", "other")
    assert code == 4
    assert rows["STORAGE_BACKEND"]["consumers"] == {"vercel": "missing", "render": "missing"}
    file = tmp_path / "names.yaml"
    file.write_text(f"project_name: {NAME}\nbucket_name: some-bucket\n")
    assert stack.rows("-f", str(file))[0] == 0
    assert stack.status("-p", "projekt_name", "x").code == 2


def test_nothing_asked_is_no_success(guide: Guide) -> None:
    result = guide.run("env", "status")
    assert result.code == 2
    assert result.output.count("NOT ASKED") == len(COMPARED)
    assert "Nothing was compared" in result.output


def test_a_provider_is_asked_with_the_credentials_that_its_sections_read() -> None:
    sections_of = {credential.name: credential.sections for credential in CONTRACT.credentials}
    for compared in COMPARED:
        sections = {consumer.section for consumer in compared.consumers}
        assert [name for name in compared.credentials if not sections <= set(sections_of[name])] == []


def test_every_provider_that_can_be_compared_is_compared() -> None:
    """A cloud whose package compares has a consumer that the contract says is compared."""
    written = {path.parent.name for path in (ROOT / "scripts/deploybook/clouds").glob("*/comparing.py")}
    assert written == {compared.provider.name for compared in COMPARED}
