"""Production and staging side by side in the same accounts: staging is made, rotated, destroyed; nothing of production's is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from tests.conftest import ROOT, RunningSandbox
from tests.e2e.crashes_inventory import inventory
from tests.runbooks.conftest import Finished, Guide

pytestmark = pytest.mark.xdist_group("environments")

SECTIONS = ("r2", "turso", "modal", "webhook_secret", "vercel", "render")
# Variables that are the same in every environment: they name an account, or the operator.
SHARED = frozenset({"R2_ACCOUNT_ID", "VERCEL_ORG_ID"})


class Accounts:
    """One checkout with two environments in the sandbox's accounts."""

    def __init__(self, sandbox: RunningSandbox, root: Path) -> None:
        (root / "runbooks").symlink_to(ROOT / "runbooks")
        self.guide = Guide(root)
        self.sandbox = sandbox
        self.state = root / ".deploybook"

    def run(self, environment: str, mode: str, *words: str) -> Finished:
        """Run sections in one environment. The plan has room for one group: staging's database is in production's."""
        arguments = [
            "run",
            *words,
            "--mode",
            mode,
            "--environment",
            environment,
            *(["--yes"] if mode == "apply" else []),
        ]
        if mode != "destroy" and {"vercel", "render"} & set(words):
            arguments += ["-p", "git_repository", self.sandbox.exports["GITHUB_REPOSITORY"]]
        if environment == "staging" and "turso" in words:
            arguments += ["-p", "group_name", "default"]
        return self.guide.run(*arguments, env=self.sandbox.exports, typed=f"{environment}\n")

    def done(self, environment: str, mode: str, *words: str) -> Finished:
        """The same; it must pass."""
        finished = self.run(environment, mode, *words)
        assert finished.code == 0, finished.output[-4000:]
        return finished

    def vault(self, environment: str) -> Mapping[str, str | None]:
        """The vault of an environment."""
        return dict(dotenv_values(self.state / f"{environment}.env"))

    def files(self, environment: str) -> dict[str, bytes]:
        """What this machine holds of an environment."""
        return {path.name: path.read_bytes() for path in sorted(self.state.glob(f"{environment}.*"))}

    def names(self, environment: str) -> set[str]:
        """What the resources of an environment go by in the paths of requests: their names, and their providers' ids."""
        entries: list[dict[str, Any]] = json.loads((self.state / f"{environment}.made.json").read_text())["entries"]
        # What has no account is in the vault alone.
        parts = {entry[field] for entry in entries if entry["account"] for field in ("id", "name")}
        recorded = {self.vault(environment)[name] for name in ("VERCEL_PROJECT_ID", "RENDER_SERVICE_ID")}
        return {str(part) for part in parts | recorded if part and part != "default"} | {f"studio-{environment}"}

    def writes(self) -> list[str]:
        """The paths of the writing requests so far."""
        return [f"{entry['service']} {entry['path']}" for entry in self.sandbox.journal() if entry["writes"]]


@pytest.fixture(scope="module")
def accounts(start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    sandbox = start_sandbox("r2", "cloudflare", "turso", "modal", "vercel", "render", "github", "studio")
    sandbox.reset()
    return Accounts(sandbox, tmp_path_factory.mktemp("environments"))


def test_staging_is_made_rotated_and_destroyed_and_nothing_of_productions_is_touched(accounts: Accounts) -> None:
    accounts.done("production", "apply", *SECTIONS)
    production, files = accounts.vault("production"), accounts.files("production")
    before = inventory(accounts.sandbox.exports)
    accounts.sandbox.control.delete("/journal")

    accounts.done("staging", "apply", *SECTIONS)
    made = accounts.vault("staging")
    assert {name for name in made.keys() & production.keys() if made[name] == production[name]} == SHARED
    staging = accounts.names("staging")
    for slug in ("r2", "turso", "modal", "webhook_secret"):
        accounts.done("staging", "apply", slug, "-p", "rotate", "true")
    accounts.done("staging", "apply", *SECTIONS)
    rotated = accounts.vault("staging")
    for name in ("R2_SECRET_ACCESS_KEY", "TURSO_AUTH_TOKEN", "MODAL_AUTH_TOKEN", "INTERNAL_WEBHOOK_SECRET"):
        assert rotated[name] != made[name]
    accounts.done("staging", "destroy", *SECTIONS)

    writes = accounts.writes()
    assert [write for write in writes if any(name in write for name in staging)]
    assert [write for write in writes if any(name in write for name in accounts.names("production"))] == []
    assert [write for write in writes if write.startswith("github ")] == []
    # What a path does not name, as at Modal: each environment's is in a Modal environment of its own.
    after = inventory(accounts.sandbox.exports)
    assert {name for name in after if "in staging" in name} == set()
    assert {name for name in after if name != "Modal environment staging"} == before.keys()
    assert accounts.vault("staging") == {}
    assert accounts.files("production") == files
    outcomes = accounts.done("production", "plan", *SECTIONS).outcomes("resource")
    assert set(outcomes) == {"unchanged"}
    accounts.done("production", "verify", *SECTIONS)
