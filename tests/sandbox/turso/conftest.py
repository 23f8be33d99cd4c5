"""A started sandbox with Turso in it, whose every answer is compared with the vendor's description on the way."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

# turso-docs response-codes.mdx documents these for every operation; a 400 is documented for some, and 501 is ours.
GENERAL_STATUSES = {400, 401, 402, 403, 404, 409, 501}


class Description:
    """An OpenAPI document, made stricter where the vendor left everything optional."""

    def __init__(self, document: dict[str, Any], server: str) -> None:
        self.document = document
        self.server = server
        self.checked = 0
        self._openapi = OpenAPI.from_dict(document)

    def check(self, response: httpx.Response) -> None:
        """Fail unless the answer is one that the description allows."""
        response.read()
        request = response.request
        operation = self._operation(request.method, request.url.path)
        status = response.status_code
        if operation is None or str(status) not in operation["responses"]:
            if status == 200 or (operation and status not in GENERAL_STATUSES and "4XX" not in operation["responses"]):
                raise AssertionError(f"{request.method} {request.url.path} answered {status}: not described")
            assert isinstance(response.json()["error"], str)
            if operation is None or "4XX" not in operation["responses"]:
                return
        self.checked += 1
        asked = MockRequest(
            self.server,
            request.method.lower(),
            request.url.path,
            headers=dict(request.headers),
            args=dict(request.url.params),
            data=request.content or None,
        )
        content_type = response.headers.get("content-type", "application/json")
        answered = MockResponse(response.content, status, dict(response.headers), content_type)
        self._openapi.validate_response(asked, answered)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        parts = path.split("/")
        for template, operations in self.document["paths"].items():
            names = template.split("/")
            fits = len(names) == len(parts) and all(
                name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
            )
            if fits and method.lower() in operations:
                operation: dict[str, Any] = operations[method.lower()]
                return operation
        return None


def _require_described_fields(document: dict[str, Any]) -> dict[str, Any]:
    """The vendor marks no field of an answer as required, so that ``{}`` would fit: demand those that always come."""
    optional = {"parent", "group", "scopes", "message"}
    schemas = document["components"]["schemas"]
    for name in ("BaseGroup", "Database", "CreateDatabaseOutput", "Organization", "Instance"):
        schemas[name]["required"] = sorted(schemas[name]["properties"].keys() - optional)
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation["responses"].get("200", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            if "properties" in schema:
                schema["required"] = sorted(schema["properties"])
    return document


def processes(hint: str) -> list[str]:
    """The command lines that contain ``hint``."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system has no /proc to find the database's process in")
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if hint in line:
            lines.append(line)
    return lines


@pytest.fixture(scope="session")
def platform_description(specs: Path) -> Description:
    """The platform API's."""
    return Description(
        _require_described_fields(json.loads((specs / "turso.json").read_text())), "https://api.turso.tech"
    )


@pytest.fixture(scope="session")
def sql_description(specs: Path) -> Description:
    """Hrana's."""
    return Description(json.loads((specs / "turso-sql.json").read_text()), "https://db-org.turso.io")


@dataclass
class Turso:
    """The sandbox's Turso, as an operator and as an application see it."""

    sandbox: Any
    api: httpx.Client
    sql: httpx.Client
    organization: str

    @property
    def base(self) -> str:
        """The path of everything in the organization."""
        return f"/v1/organizations/{self.organization}"

    def create_group(self, name: str = "default") -> dict[str, Any]:
        """A group, by the API."""
        return self._done(self.api.post(f"{self.base}/groups", json={"name": name, "location": "aws-us-east-1"}))

    def create_database(self, name: str = "jobs", group: str = "default") -> str:
        """A database in an existing group; its hostname."""
        created = self._done(self.api.post(f"{self.base}/databases", json={"name": name, "group": group}))
        return str(created["database"]["Hostname"])

    def token(self, owner: str = "databases/jobs", **options: str) -> str:
        """A token of ``databases/<name>`` or ``groups/<name>``."""
        return str(self._done(self.api.post(f"{self.base}/{owner}/auth/tokens", params=options))["jwt"])

    def execute(self, hostname: str, token: str | None, *statements: str) -> httpx.Response:
        """Run statements by Hrana, and close the stream."""
        requests: list[dict[str, Any]] = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"requests": [*requests, {"type": "close"}]}
        return self.sql.post(f"https://{hostname}/v3/pipeline", headers=headers, json=body)

    def as_token(self, secret: str) -> httpx.Client:
        """Another caller of the platform API."""
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.Client(
            base_url=self.api.base_url, headers=headers, trust_env=False, event_hooks=self.api.event_hooks
        )

    def _done(self, response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture
def turso(
    start_sandbox: Callable[..., Any], platform_description: Description, sql_description: Description
) -> Iterator[Turso]:
    """A new organization: no group, no database."""
    sandbox = start_sandbox("turso")
    sandbox.reset()
    exports = sandbox.exports
    headers = {"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}
    trusted = ssl.create_default_context(cafile=exports["SSL_CERT_FILE"])
    with (
        httpx.Client(
            base_url=exports["TURSO_API_URL"],
            headers=headers,
            trust_env=False,
            event_hooks={"response": [platform_description.check]},
        ) as api,
        httpx.Client(verify=trusted, trust_env=False, event_hooks={"response": [sql_description.check]}) as sql,
    ):
        yield Turso(sandbox, api, sql, exports["TURSO_ORGANIZATION"])
