"""npm @libsql/client, the client of the deployed application, against a database of the sandbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients import node
from tests.waiting import PATIENCE_SECONDS

HERE = Path(__file__).parent

pytestmark = pytest.mark.client


@dataclass
class Application:
    """The database as the operator hands it over: a URL and a token."""

    sandbox: Any
    hostname: str
    api: httpx.Client
    base: str

    def token(self, **options: str) -> str:
        """A token of the database."""
        answer = self.api.post(f"{self.base}/databases/jobs/auth/tokens", params=options)
        return str(answer.raise_for_status().json()["jwt"])

    def run(self, step: str, token: str, scheme: str = "libsql") -> Any:
        """Run one step of the script, with nothing but the two variables and the authority's certificate."""
        environment = self.sandbox.environment(
            TURSO_DATABASE_URL=f"{scheme}://{self.hostname}",
            TURSO_AUTH_TOKEN=token,
            TURSO_API_TOKEN="",
            **node.COMPILED,
        )
        command = [node.NODE, str(HERE / "libsql_client.mjs"), step]
        completed = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
        return json.loads(completed.stdout)


@pytest.fixture
def application(start_sandbox: Callable[..., Any]) -> Any:
    """A new database ``jobs``."""
    node.require("@libsql/client")
    sandbox = start_sandbox("turso")
    sandbox.reset()
    exports = sandbox.exports
    headers = {"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}
    base = f"/v1/organizations/{exports['TURSO_ORGANIZATION']}"
    with httpx.Client(base_url=exports["TURSO_API_URL"], headers=headers, trust_env=False) as api:
        api.post(f"{base}/groups", json={"name": "default", "location": "aws-us-east-1"}).raise_for_status()
        created = api.post(f"{base}/databases", json={"name": "jobs", "group": "default"}).raise_for_status()
        yield Application(sandbox, created.json()["database"]["Hostname"], api, base)


@pytest.mark.parametrize("scheme", ["libsql", "https"])
def test_table_is_created_and_a_batch_is_all_or_nothing(application: Application, scheme: str) -> None:
    created = application.run("create", application.token(), scheme)
    assert created["value"] == {
        "protocol": "http",
        "jobs": 12,
        "note": "ünï ✓",
        "refused": "SQLITE_CONSTRAINT",
    }


def test_worker_claims_the_oldest_pending_job(application: Application) -> None:
    token = application.token()
    application.run("create", token)
    assert application.run("claimOnce", token) == {"value": "job-11"}
    assert application.run("claimOnce", token) == {"value": "job-10"}


def test_claimants_never_get_the_same_job(application: Application) -> None:
    token = application.token()
    application.run("create", token)
    shares = application.run("claimAll", token)["value"]
    claimed = [job for share in shares for job in share]
    assert sorted(claimed) == sorted(f"job-{number}" for number in range(12))
    assert sum(bool(share) for share in shares) > 1


def test_rolled_back_transaction_leaves_no_trace(application: Application) -> None:
    token = application.token()
    application.run("create", token)
    assert application.run("rollback", token) == {"value": 12}


def test_wrong_and_rotated_tokens_are_refused(application: Application) -> None:
    token = application.token()
    application.run("create", token)
    assert "401" in application.run("read", "wrong")["refused"]["message"]
    assert "401" in application.run("read", application.sandbox.exports["TURSO_API_TOKEN"])["refused"]["message"]
    application.api.post(f"{application.base}/databases/jobs/auth/rotate").raise_for_status()
    assert "401" in application.run("read", token)["refused"]["message"]
    assert application.run("read", application.token()) == {"value": 12}


def test_read_only_token_reads_and_does_not_write(application: Application) -> None:
    application.run("create", application.token())
    token = application.token(authorization="read-only")
    assert application.run("read", token) == {"value": 12}
    assert "403" in application.run("write", token)["refused"]["message"]
    assert "403" in application.run("claimOnce", token)["refused"]["message"]
