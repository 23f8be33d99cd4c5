"""The wires between the services: cut one, deploy again, and see which step of the end-to-end check feels it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS, until

from deploybook.clouds import studio
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import variables_for
from deploybook.contract.model import Contract, load_contract
from deploybook.errors import DeploybookError
from deploybook.state.vault import Vault

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
JOB_SECONDS = 12.0
STEPS: dict[str, Callable[[studio.Journey], str]] = {
    "inventory": studio.take_inventory,
    "page": studio.page,
    "api": studio.api_answers,
    "upload": studio.upload_from_a_page,
    "playback": studio.playback,
    "ingest": studio.ingest,
    "ingested": studio.ingested,
    "asset": studio.asset_plays,
    "worker": studio.preview,
    "preview": studio.preview_plays,
    "callbacks": studio.callbacks_are_accepted,
    "render": studio.render,
}
WRONG = {
    "TURSO_DATABASE_URL": "libsql://127.0.0.1:9",
    "MODAL_ENDPOINT_URL": "https://127.0.0.1:9/x--y-submit.modal.run",
    "NEXT_PUBLIC_APP_URL": "https://wrong.example.com",
    "STORAGE_BACKEND": "local",
    "JOB_STORE_BACKEND": "local",
    "DEPLOY_ENV": "staging",
    "R2_BUCKET_NAME": "another-bucket",
}


@dataclass(frozen=True)
class Cut:
    """One variable, at one consumer, taken away or given a wrong value."""

    variable: str
    consumer: str
    kind: str

    def __str__(self) -> str:
        return f"{self.variable} × {self.consumer} × {self.kind}"


@dataclass(frozen=True)
class Felt:
    """The step that caught a cut, and what it said; both empty if none did."""

    step: str = ""
    message: str = ""


def every_cut(contract: Contract) -> list[Cut]:
    """Every required variable of every consumer that is part of the application, both ways."""
    consumers = ("vercel", "render", "modal:r2-credentials", "modal:render-auth")
    return [
        Cut(variable.name, consumer, kind)
        for consumer in consumers
        for variable in contract.consumed_by(consumer)
        if not variable.optional
        for kind in ("missing", "wrong")
    ]


def wrong_value(name: str, right: str) -> str:
    """A value of the right form that is not the right one."""
    if name in WRONG:
        return WRONG[name]
    return f"{right[:-1]}{'0' if right[-1] != '0' else '1'}"


class DeployRefused(Exception):
    """The provider itself refuses to deploy with these variables."""


class Stack:
    """A provisioned stack: its vault, its providers, and a way to deploy each part with other variables."""

    def __init__(self, home: Path, environ: Mapping[str, str], contract: Contract | None = None) -> None:
        self.contract = contract or load_contract(ROOT / "runbooks" / "contract.toml")
        self.environ = dict(environ)
        self.home = home
        self.vault = Vault(home / ".deploybook", "production")
        self.clouds = Connections(self.environ)

    def values(self, consumer: str) -> dict[str, str]:
        """What a consumer has by right."""
        pushed, missing = variables_for(self.contract, consumer, self.vault.all(), self.environ)
        assert missing == []
        return {name: each.value.get_secret_value() for name, each in pushed.items()}

    def deploy(self, consumer: str, values: Mapping[str, str]) -> None:
        """Give a consumer exactly these values, as somebody at its dashboard would, and deploy it."""
        parts = {"vercel": self._vercel, "render": self._render}
        parts.get(consumer, self._modal(consumer))(dict(values))

    def database_token(self, authorization: str, expiration: str) -> str:
        """Another token of the database, by Turso's Platform API."""
        path = f"/v1/organizations/{self.environ['TURSO_ORGANIZATION']}/databases/studio-production/auth/tokens"
        params = {"authorization": authorization, "expiration": expiration}
        return str(self.clouds.turso.api.json("mint a token", "POST", path, params=params)["jwt"])

    def journey(self) -> studio.Journey:
        """A new walk through the application; whoever takes it removes what it made with ``clean_up``."""
        pushed, _ = variables_for(self.contract, "end_to_end", self.vault.all(), self.environ)
        journey = self.clouds.journey(pushed, JOB_SECONDS)
        assert journey is not None
        return journey

    def check(self) -> Felt:
        """Run the end-to-end check up to the first step that fails; what it made is removed."""
        journey = self.journey()
        try:
            for name, step in STEPS.items():
                try:
                    step(journey)
                except DeploybookError as error:
                    return Felt(name, str(error))
            return Felt()
        finally:
            studio.clean_up(journey)

    def _vercel(self, values: dict[str, str]) -> None:
        vercel = self.clouds.vercel
        project = vercel.project("studio-production")
        assert project is not None
        for entry in vercel.variables(project.id):
            vercel.delete_variable(project.id, entry.id)
        bodies = [
            {"key": name, "value": value, "type": "encrypted", "target": ["production"]}
            for name, value in values.items()
        ]
        vercel.put_variables(project.id, bodies)
        body = {"name": "studio-production", "project": project.id, "target": "production"}
        files = [{"file": "index.html", "data": "studio", "encoding": "utf-8"}]
        made = vercel.create_deployment({**body, "files": files, "projectSettings": {"framework": "nextjs"}})
        until(lambda: bool(vercel.deployment(made.id).alias_assigned), "the end of the deployment")

    def _render(self, values: dict[str, str]) -> None:
        render = self.clouds.render
        service = render.workers("studio-production-worker", render.owners()[0].id)[0].id
        body = [{"key": name, "value": value} for name, value in values.items()]
        render.api.call("set the variables", "PUT", f"/services/{service}/env-vars", json=body)
        started = render.api.json("deploy", "POST", f"/services/{service}/deploys", json={})["id"]
        ended = {"live", "update_failed", "build_failed", "canceled", "deactivated"}
        until(lambda: render.deploy(service, started).status in ended, "the end of the deploy")
        status = render.deploy(service, started).status
        if status != "live":
            # Render keeps the worker that ran before: the application goes on as if nothing had happened.
            raise DeployRefused(f"Render: the deploy ended as {status}")

    def _modal(self, consumer: str) -> Callable[[dict[str, str]], None]:
        def deploy(values: dict[str, str]) -> None:
            secret = consumer.partition(":")[2]
            pairs = [f"{name}={value}" for name, value in values.items()]
            self._run("secret", "create", secret, *pairs, "--force")
            # The mount and the label are fixed when the app is deployed, from what is right.
            right = self.values("modal:r2-credentials")
            extra = {name: right[name] for name in ("R2_ACCOUNT_ID", "R2_BUCKET_NAME")}
            app = str(ROOT / "runbooks" / "modal_app" / "app.py")
            self._run("deploy", app, "--name", "studio-production", MODAL_LABEL="studio-production", **extra)

        return deploy

    def _run(self, *arguments: str, **extra: str) -> None:
        env = {**os.environ, **self.environ, **extra}
        completed = subprocess.run(
            [PYTHON, "-m", "modal", *arguments],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        if completed.returncode:
            raise DeployRefused(f"Modal: {(completed.stdout + completed.stderr).strip().splitlines()[-1]}")


def feel(stack: Stack, cut: Cut) -> Felt:
    """Cut, deploy, check. The stack stays as it is then: whoever has it brings it back."""
    right = stack.values(cut.consumer)
    broken = {name: value for name, value in right.items() if name != cut.variable}
    if cut.kind == "wrong":
        broken[cut.variable] = wrong_value(cut.variable, right[cut.variable])
    try:
        stack.deploy(cut.consumer, broken)
        return stack.check()
    except DeployRefused as refusal:
        return Felt("deploy", str(refusal))
