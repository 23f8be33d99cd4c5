"""A started Vercel, reset for each test, whose every answer is compared with Vercel's own description on the way."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.conftest import SPECS
from tests.description import Answers, Document, Operation
from tests.waiting import until

# The description leaves these out for most operations, or has them without a body.
GENERAL_STATUSES = {400, 401, 403, 404, 409, 428, 429, 501}


def widened(document: Document) -> None:
    """Make the answers decidable."""
    for operations in document["paths"].values():
        for operation in operations.values():
            _widen(operation["responses"])


def refused_or_streamed(response: httpx.Response, operation: Operation | None) -> bool:
    """Judge a refusal by Vercel's error body; a stream of events is no JSON document."""
    if response.is_error:
        error = response.json()["error"]
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
        request = response.request
        assert response.status_code in GENERAL_STATUSES, f"{request.method} {request.url.path}: {response.status_code}"
    return response.is_error or operation is None or "stream+json" in response.headers.get("content-type", "")


def _widen(node: Any) -> None:
    """Make answers checkable.

    The branches of their oneOf overlap (a whole deployment is also a public one), so that no answer fits one alone; and
    what is nullable must, in OpenAPI 3.0, name null among its enum to allow it.
    """
    if isinstance(node, dict):
        if node.get("oneOf"):
            node["anyOf"] = node.pop("oneOf")
        if node.get("nullable") is True and isinstance(node.get("enum"), list) and None not in node["enum"]:
            node["enum"].append(None)
        for value in node.values():
            _widen(value)
    elif isinstance(node, list):
        for value in node:
            _widen(value)


@dataclass
class Vercel:
    """The sandbox's Vercel, as an operator with a team's token sees it."""

    sandbox: Any
    api: httpx.Client
    description: Answers | None
    team: str
    trusted: ssl.SSLContext = field(repr=False)

    def client(self, token: str | None, **params: str) -> httpx.Client:
        """Another caller: this token or none, these parameters with every call."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = self.api.event_hooks
        return httpx.Client(
            base_url=self.api.base_url, headers=headers, params=params, trust_env=False, event_hooks=hooks
        )

    def project(self, name: str = "web", **body: Any) -> dict[str, Any]:
        """A new project for which nothing needs to be confirmed."""
        return self.done(self.api.post("/v11/projects", json={"name": name, "framework": "nextjs", **body}))

    def variable(self, key: str, value: str, **body: Any) -> dict[str, Any]:
        """A variable of the project ``web`` for production, written over an old one."""
        item = {"key": key, "value": value, "type": "encrypted", "target": ["production"], **body}
        answer = self.api.post("/v10/projects/web/env", params={"upsert": "true"}, json=item)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()["created"]
        return created

    def deploy(self, files: dict[str, str] | None = None, *, force_new: bool = True, **body: Any) -> dict[str, Any]:
        """A production deployment of ``web``; without ``force_new`` Vercel may answer with an earlier one."""
        inline = [{"file": path, "data": text} for path, text in (files or {"index.html": "<h1>studio</h1>"}).items()]
        sent = {"name": "web", "project": "web", "target": "production", "files": inline, **body}
        query = {"forceNew": "1"} if force_new else {}
        return self.done(self.api.post("/v13/deployments", params=query, json=sent))

    def settled(self, deployment: str) -> dict[str, Any]:
        """The deployment once it has its names or has failed."""
        return self.until(deployment, lambda one: one["aliasAssigned"] or one["readyState"] in {"ERROR", "CANCELED"})

    def until(self, deployment: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The deployment once ``condition`` holds of it."""

        def reached() -> dict[str, Any] | None:
            current = self.done(self.api.get(f"/v13/deployments/{deployment}"))
            return current if condition(current) else None

        return until(reached, f"the state of {deployment} that is waited for")

    def ready(self, files: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        """A new production deployment that is READY and has its names."""
        settled = self.settled(self.deploy(files, **body)["id"])
        assert settled["readyState"] == "READY", settled
        return settled

    def visit(self, address: str, path: str = "/", **headers: str) -> httpx.Response:
        """A browser's request to a deployed site."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"https://{address}{path}", verify=self.trusted, trust_env=False, headers=sent)

    def fault(self, **fault: Any) -> None:
        """Arm a fault."""
        self.sandbox.control.post("/faults", json=fault).raise_for_status()

    def done(self, response: httpx.Response) -> dict[str, Any]:
        """The body of a 200."""
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def refused(self, response: httpx.Response, status: int, code: str) -> str:
        """The sentence of a refusal."""
        assert response.status_code == status, response.text
        assert response.json()["error"]["code"] == code, response.text
        return str(response.json()["error"]["message"])


@pytest.fixture(scope="session")
def description() -> Answers | None:
    """The description, or nothing where it is absent: then the answers are only not compared."""
    path = SPECS / "vercel.json"
    return Answers(path, widened, refused_or_streamed) if path.is_file() else None


@pytest.fixture
def vercel(start_sandbox: Callable[..., Any], description: Answers | None) -> Iterator[Vercel]:
    """A new account: a team without projects."""
    sandbox = start_sandbox("vercel")
    sandbox.reset()
    exports = sandbox.exports
    with httpx.Client(
        base_url=exports["VERCEL_API_URL"],
        headers={"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"},
        params={"teamId": exports["VERCEL_TEAM_ID"]},
        trust_env=False,
        event_hooks={"response": [description]} if description else {},
    ) as api:
        trusted = ssl.create_default_context(cafile=exports["SSL_CERT_FILE"])
        yield Vercel(sandbox, api, description, exports["VERCEL_TEAM_ID"], trusted)
