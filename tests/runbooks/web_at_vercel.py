"""A web app's project at the sandbox's Vercel, as an operator and a visitor see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from dotenv import dotenv_values
from tests.conftest import CONTRACT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide

MAKING = [
    "Vercel project studio-production",
    "Vercel variables studio-production",
    "Vercel deployment studio-production",
]
# What sections made that this module does not run.
EARLIER = {
    variable.name: variable.example
    for variable in CONTRACT.needed_by("vercel")
    if variable.section in {"turso", "modal"}
} | {
    "TURSO_AUTH_TOKEN": "canaryheader.canaryclaims.canarysignature",
    "MODAL_AUTH_TOKEN": "ca" * 32,
}
PROJECT = "/v9/projects/studio-production"
SECRETS = {"R2_SECRET_ACCESS_KEY", "TURSO_AUTH_TOKEN", "MODAL_AUTH_TOKEN", "INTERNAL_WEBHOOK_SECRET"}


@dataclass
class Web:
    """A guide with the earlier sections done, its sandbox, and the operator's own hands at Vercel (``api``)."""

    guide: Guide
    sandbox: RunningSandbox
    api: httpx.Client
    source: Path

    @property
    def with_kernels(self) -> Web:
        return replace(self, guide=self.guide.with_kernels)

    def run(self, mode: str, *arguments: str, typed: str = "", **changed: str) -> Finished:
        chosen = ("--yes",) if mode == "apply" else ()
        parameters = () if "git_repository" in arguments else ("-p", "web_source", str(self.source))
        env = self.sandbox.exports | changed
        return self.guide.run("run", "vercel", "--mode", mode, *chosen, *parameters, *arguments, env=env, typed=typed)

    def apply(self, *arguments: str) -> Finished:
        result = self.run("apply", *arguments)
        assert result.code == 0, result.output
        return result

    def calls(self, *, writes: bool = True) -> list[str]:
        """The (writing) requests to Vercel's API since the last call, as ``METHOD last-parts``."""
        entries = [request for request in self.sandbox.journal("vercel") if request["writes"] or not writes]
        self.sandbox.control.delete("/journal")
        return [f"{entry['method']} {entry['path']}" for entry in entries]

    def variables(self) -> list[dict[str, Any]]:
        answer = self.api.get("/v10/projects/studio-production/env", params={"decrypt": "true"})
        return list(answer.json()["envs"])

    def variable(self, name: str) -> dict[str, Any]:
        return next(variable for variable in self.variables() if variable["key"] == name)

    def edit(self, name: str, **changed: Any) -> None:
        path = f"{PROJECT}/env/{self.variable(name)['id']}"
        self.api.patch(path, json=changed).raise_for_status()

    def deployments(self) -> list[dict[str, Any]]:
        entries = self.api.get("/v6/deployments", params={"limit": 100}).json()["deployments"]
        return [entry for entry in entries if entry["target"] == "production"]

    def fault(self, **fault: Any) -> None:
        self.sandbox.control.post("/faults", json={"service": "vercel", **fault}).raise_for_status()

    def vault(self) -> dict[str, str | None]:
        return dict(dotenv_values(self.guide.root / ".deploybook" / "production.env"))

    def clean(self) -> None:
        """Take away what an earlier test made at Vercel, and the bucket's CORS rule."""
        self.sandbox.control.delete("/faults")
        for project in self.api.get("/v10/projects").json()["projects"]:
            self.api.delete(f"/v9/projects/{project['id']}").raise_for_status()
        exports = self.sandbox.exports
        path = f"/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}/r2/buckets/studio-production/cors"
        headers = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
        httpx.delete(f"{exports['CLOUDFLARE_API_URL']}{path}", headers=headers, trust_env=False).raise_for_status()
        self.sandbox.control.delete("/journal")
