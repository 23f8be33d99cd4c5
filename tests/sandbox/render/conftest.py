"""A started Render, reset for each test, whose every answer is validated against Render's own description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.conftest import SPECS
from tests.description import Answers, Document, Operation
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

LIVE_OR_FAILED = {"live", "build_failed", "update_failed", "canceled", "deactivated"}


def worker_body(owner: str, **changes: Any) -> dict[str, Any]:
    """A create request for the studio's worker."""
    docker = {"dockerfilePath": "./worker/Dockerfile", "dockerContext": "."}
    details = {"runtime": "docker", "plan": "starter", "region": "oregon", "envSpecificDetails": docker}
    body: dict[str, Any] = {
        "type": "background_worker",
        "name": "studio-worker",
        "ownerId": owner,
        "repo": "https://github.com/studio/app",
        "branch": "main",
        "envVars": [{"key": "TURSO_DATABASE_URL", "value": "libsql://studio.example"}],
        "serviceDetails": details,
    }
    return body | changes


def decidable(document: Document) -> None:
    """Make decidable what is not.

    ``serviceDetails`` is narrowed to what the sandbox makes, a worker in Docker: stricter than the document. Event
    details can match no ``oneOf``, because "Maintenance Ended" is any object and so every event is two of its branches.
    Lists document no 400, and a bad ``limit`` or ``cursor`` must be answered somehow.
    """
    schemas = document["components"]["schemas"]
    schemas["service"]["properties"]["serviceDetails"] = {"$ref": "#/components/schemas/backgroundWorkerDetails"}
    schemas["backgroundWorkerDetails"]["properties"]["envSpecificDetails"] = {
        "$ref": "#/components/schemas/dockerDetails"
    }
    event = document["paths"]["/events/{eventId}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    details = event["properties"]["details"]
    for undecidable in (details, *details["oneOf"], *schemas.values()):
        if undecidable is details or undecidable.get("title") == "Service Event Details":
            undecidable["anyOf"] = undecidable.pop("oneOf")
    for operations in document["paths"].values():
        operations.get("get", {}).get("responses", {}).setdefault(
            "400", {"$ref": "#/components/responses/400BadRequest"}
        )


def beside_the_api(response: httpx.Response, _: Operation | None) -> bool:
    """Whether it is no answer of the API: a page, a hook, or what the sandbox has not."""
    return not response.request.url.path.startswith("/v1") or response.status_code == 501


@dataclass
class Render:
    """The sandbox seen by a test."""

    api: httpx.Client
    sandbox: RunningSandbox
    description: Answers | None
    owner: str

    def client(self, key: str | None) -> httpx.Client:
        """Another client, with this key or none."""
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        return httpx.Client(base_url=self.api.base_url, headers=headers, trust_env=False)

    def create(self, **changes: Any) -> dict[str, Any]:
        """A new worker: the answer's ``service`` with ``deployId`` beside."""
        answer = self.api.post("/services", json=worker_body(self.owner, **changes))
        assert answer.status_code == 201, answer.text
        service: dict[str, Any] = answer.json()["service"]
        return service | {"deployId": answer.json()["deployId"]}

    def settled(self, service: str, deploy: str = "") -> dict[str, Any]:
        """The deploy (the newest if none is named) once it is done."""

        def ended() -> dict[str, Any] | None:
            newest = self.api.get(f"/services/{service}/deploys", params={"limit": 1}).json()[0]["deploy"]["id"]
            state: dict[str, Any] = self.api.get(f"/services/{service}/deploys/{deploy or newest}").json()
            return state if state["status"] in LIVE_OR_FAILED else None

        return until(ended, "the end of the deploy")

    def reaches(self, service: str, deploy: str, status: str) -> None:
        """Wait until the deploy has this status."""
        path = f"/services/{service}/deploys/{deploy}"
        until(lambda: self.api.get(path).json()["status"] == status, f"the status {status} of the deploy")

    def messages(self, service: str, **query: Any) -> list[str]:
        """The log, oldest line first."""
        params: dict[str, Any] = {
            "ownerId": self.owner,
            "resource": service,
            "direction": "forward",
            "limit": 100,
        } | query
        return [line["message"] for line in self.api.get("/logs", params=params).json()["logs"]]

    def hook(self, service: str) -> str:
        """The deploy hook, copied from the dashboard as a person would."""
        page = self.api.get(str(self.api.base_url).replace("/v1/", f"/dashboard/{service}/settings"))
        return page.text.partition('<code id="deploy-hook">')[2].partition("</code>")[0]

    def fault(self, **fault: Any) -> None:
        """Arm a fault."""
        self.sandbox.control.post("/faults", json={"service": "render"} | fault).raise_for_status()


@pytest.fixture(scope="session")
def render_description() -> Answers | None:
    """The description, or nothing where it is absent: then the answers are only not validated."""
    path = SPECS / "render.json"
    return Answers(path, decidable, beside_the_api) if path.is_file() else None


@pytest.fixture
def render(start_sandbox: Callable[..., RunningSandbox], render_description: Answers | None) -> Iterator[Render]:
    """Render with no services."""
    sandbox = start_sandbox("render")
    sandbox.reset()
    exports = sandbox.exports
    with httpx.Client(
        base_url=exports["RENDER_API_URL"],
        headers={"Authorization": f"Bearer {exports['RENDER_API_KEY']}"},
        event_hooks={"response": [render_description]} if render_description else {},
        trust_env=False,
    ) as api:
        yield Render(api, sandbox, render_description, api.get("/owners").json()[0]["owner"]["id"])
