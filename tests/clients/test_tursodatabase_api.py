"""npm @tursodatabase/api, the vendor's client of the platform API, against the sandbox."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients import node
from tests.waiting import PATIENCE_SECONDS

HERE = Path(__file__).parent

pytestmark = pytest.mark.client

Call = Callable[..., list[dict[str, Any]]]
GROUP = ["groups", "create", "default", "aws-us-east-1"]
DATABASE = ["databases", "create", "jobs", {"group": "default"}]


@pytest.fixture
def sandbox(start_sandbox: Callable[..., Any]) -> Any:
    """A new organization."""
    node.require("@tursodatabase/api")
    started = start_sandbox("turso")
    started.reset()
    return started


@pytest.fixture
def call(sandbox: Any) -> Call:
    """Make calls ``[area, method, arguments…]`` in one process; the outcome of each is ``value`` or ``refused``."""

    def run(*calls: list[Any], **environment: str) -> list[dict[str, Any]]:
        command = [node.NODE, str(HERE / "turso_api.mjs"), json.dumps(calls)]
        completed = subprocess.run(
            command,
            env=sandbox.environment(**environment, **node.COMPILED),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        outcomes: list[dict[str, Any]] = json.loads(completed.stdout)
        return outcomes

    return run


def select_one(sandbox: Any, hostname: str, token: str, sql: str = "SELECT 1") -> int:
    trusted = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
    with httpx.Client(verify=trusted, trust_env=False) as client:
        body = {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(f"https://{hostname}/v2/pipeline", headers=headers, json=body).status_code


def test_group_and_database_are_made_found_and_removed(call: Call) -> None:
    group, again, second, created, listed, databases, deleted, gone = call(
        GROUP,
        GROUP,
        ["groups", "create", "second", "aws-us-east-1"],
        DATABASE,
        ["databases", "list", {"group": "default"}],
        ["databases", "get", "jobs"],
        ["databases", "delete", "jobs"],
        ["databases", "get", "jobs"],
    )
    assert group["value"]["primary"] == "aws-us-east-1"
    assert again["refused"] == {"status": 409, "message": "group already exists"}
    assert second["refused"]["status"] == 402
    assert listed["value"][0] == databases["value"]
    assert {name: databases["value"][name] for name in ("id", "hostname", "name")} == created["value"]
    assert deleted["value"] == {"database": "jobs"}
    assert gone["refused"] == {
        "status": 404,
        "message": "could not find database with name jobs: record not found",
    }


def test_tokens_of_database_and_group_open_the_database(sandbox: Any, call: Call) -> None:
    _, created, full, read_only, group, wrong = call(
        GROUP,
        DATABASE,
        ["databases", "createToken", "jobs", {"expiration": "2w1d30m", "authorization": "full-access"}],
        ["databases", "createToken", "jobs", {"authorization": "read-only"}],
        ["groups", "createToken", "default", {}],
        ["databases", "createToken", "jobs", {"expiration": "soon"}],
    )
    hostname = created["value"]["hostname"]
    create = "CREATE TABLE t (a)"
    assert select_one(sandbox, hostname, read_only["value"]["jwt"]) == 200
    assert select_one(sandbox, hostname, read_only["value"]["jwt"], create) == 403
    assert select_one(sandbox, hostname, full["value"]["jwt"], create) == 200
    assert select_one(sandbox, hostname, group["value"]["jwt"]) == 200
    assert wrong["refused"] == {"status": 400, "message": "Invalid expiration format"}


def test_rotation_ends_the_tokens_although_the_client_trips_over_the_empty_answer(sandbox: Any, call: Call) -> None:
    _, created, token = call(GROUP, DATABASE, ["databases", "createToken", "jobs"])
    # The description promises no body; this client parses one all the same.
    (rotated,) = call(["databases", "rotateTokens", "jobs"])
    assert "JSON" in rotated["refused"]["message"]
    assert select_one(sandbox, created["value"]["hostname"], token["value"]["jwt"]) == 401


def test_locations_and_instances_are_listed(call: Call) -> None:
    locations, _, _, instances = call(["locations", "list"], GROUP, DATABASE, ["databases", "listInstances", "jobs"])
    assert {"code": "aws-us-east-1", "description": "AWS US East (Virginia)"} in locations["value"]
    assert [instance["type"] for instance in instances["value"]] == ["primary"]


def test_platform_tokens_are_listed_and_an_unrestricted_one_is_refused(call: Call) -> None:
    # This client can only mint unrestricted tokens, which a restricted token may not.
    listed, minted = call(["apiTokens", "list"], ["apiTokens", "create", "ci"])
    assert [token["name"] for token in listed["value"]] == ["deploybook-sandbox"]
    assert minted["refused"]["status"] == 403


def test_wrong_token_and_foreign_organization_are_refused(call: Call) -> None:
    (unauthorized,) = call(["databases", "list"], TURSO_API_TOKEN="wrong")
    (forbidden,) = call(["databases", "list"], TURSO_ORGANIZATION="someone-else")
    assert unauthorized["refused"]["status"] == 401
    assert forbidden["refused"]["status"] == 403


def test_what_the_sandbox_does_not_do_is_said_aloud(call: Call) -> None:
    (usage,) = call(["databases", "usage", "jobs"])
    assert usage["refused"]["status"] == 501
    assert usage["refused"]["message"].startswith("not implemented in the sandbox: GET /v1/organizations/")
