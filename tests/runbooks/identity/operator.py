"""Somebody at the command line of one clone, in the accounts of a sandbox."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from dotenv import dotenv_values
from pydantic import SecretStr
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide
from tests.runbooks.killing import kill_while_held

from deploybook.clouds.r2.objects import Store
from deploybook.state.ledger import Ledger

ORIGIN = ("-p", "app_origin", "https://app.example.com")


class Operator:
    """Somebody at the command line of one clone, in the sandbox's accounts."""

    def __init__(self, guide: Guide, sandbox: RunningSandbox) -> None:
        self.guide = guide
        self.sandbox = sandbox

    def run(self, section: str, mode: str, *arguments: str, environment: str = "production") -> Finished:
        confirmed = ("--yes",) if mode == "apply" else ()
        words = ("run", section, "--mode", mode, "--environment", environment, *confirmed, *arguments)
        return self.guide.run(*words, env=self.sandbox.exports, typed=f"{environment}\n")

    def done(self, section: str, mode: str, *arguments: str, environment: str = "production") -> Finished:
        finished = self.run(section, mode, *arguments, environment=environment)
        assert finished.code == 0, finished.output
        return finished

    def state(self, name: str) -> Path:
        return self.guide.root / ".deploybook" / name

    def vault(self, environment: str = "production") -> dict[str, str | None]:
        return dict(dotenv_values(self.state(f"{environment}.env")))

    def ledger(self, environment: str = "production") -> Ledger:
        return Ledger(self.state(""), environment)

    def writes(self) -> list[str]:
        """The writing requests since the last call, but those to the checks' scratch things."""
        entries = [f"{entry['method']} {entry['path']}" for entry in self.sandbox.journal() if entry["writes"]]
        self.sandbox.control.delete("/journal")
        return [entry for entry in entries if "/deploybook-check/" not in entry and "/v2/pipeline" not in entry]

    def cloudflare(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request by the operator's own hands at Cloudflare, past deploybook."""
        exports = self.sandbox.exports
        base = f"{exports['CLOUDFLARE_API_URL']}/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}"
        return ask(base, exports["CLOUDFLARE_API_TOKEN"], method, path, **options)

    def turso(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The same at Turso."""
        exports = self.sandbox.exports
        base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}"
        return ask(base, exports["TURSO_API_TOKEN"], method, path, **options)

    def tokens(self) -> list[dict[str, str]]:
        """The tokens that are no operator's, as Cloudflare lists them."""
        listed: list[dict[str, str]] = self.cloudflare("GET", "/tokens").json()["result"]
        return [token for token in listed if token["name"].startswith("studio-")]

    def another_clone(self, root: Path) -> Operator:
        """A second clone: the same runbooks, no state."""
        root.mkdir()
        (root / "runbooks").symlink_to(ROOT / "runbooks")
        return Operator(Guide(root), self.sandbox)


def ask(base: str, token: str, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        return client.request(method, path, **options)


def kill_before(operator: Operator, section: str, **request: str) -> None:
    """Kill ``apply`` of a section at a request that is never carried out."""
    arguments = ("run", section, "--mode", "apply", "--yes", *(ORIGIN if section == "r2" else ()))
    if section == "turso":
        arguments = (*arguments, "--adopt", "Turso group/default")
    kill_while_held(operator.guide, operator.sandbox, *arguments, fault={"kind": "slow", **request}, carried_out=False)


def put_objects(operator: Operator, *keys: str) -> None:
    """Upload to the bucket with the vault's key, as the application does."""
    values = {name: SecretStr(value or "") for name, value in operator.vault().items()}
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": operator.sandbox.exports["SSL_CERT_FILE"]}):
        store = Store.from_variables(values, operator.sandbox.exports)
    assert store
    with closing(store):
        for key in keys:
            store.call("put_object", Key=key, Body=b"x")
