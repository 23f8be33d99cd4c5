"""A started sandbox with Turso in it, whose every answer is compared with the vendor's description on the way."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.description import Answers, Document, Operation

# turso-docs response-codes.mdx documents these for every operation; a 400 is documented for some, and 501 is ours.
GENERAL_STATUSES = {400, 401, 402, 403, 404, 409, 501}


def refused(response: httpx.Response, operation: Operation | None) -> bool:
    """Judge a refusal that the description leaves out by the statuses of all operations, and by its error; 4XX has a form for any."""
    status = response.status_code
    described = operation["responses"] if operation else {}
    if str(status) in described:
        return False
    request = response.request
    general = status != 200 and ("4XX" in described or not operation or status in GENERAL_STATUSES)
    assert general, f"{request.method} {request.url.path} answered {status}: not described"
    assert isinstance(response.json()["error"], str)
    return "4XX" not in described


def require_described_fields(document: Document) -> None:
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
def platform_description(specs: Path) -> Answers:
    """The platform API's."""
    return Answers(specs / "turso.json", require_described_fields, refused)


@pytest.fixture(scope="session")
def sql_description(specs: Path) -> Answers:
    """Hrana's."""
    return Answers(specs / "turso-sql.json", elsewhere=refused)


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
    start_sandbox: Callable[..., Any], platform_description: Answers, sql_description: Answers
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
            event_hooks={"response": [platform_description]},
        ) as api,
        httpx.Client(verify=trusted, trust_env=False, event_hooks={"response": [sql_description]}) as sql,
    ):
        yield Turso(sandbox, api, sql, exports["TURSO_ORGANIZATION"])
