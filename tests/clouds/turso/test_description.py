"""Every request of ours is one that Turso's description, and Hrana's specification, allow."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from openapi_core.exceptions import OpenAPIError
from pydantic import SecretStr
from tests.description import Requests, recorded

from deploybook.clouds import turso
from deploybook.clouds.connections import Connections
from deploybook.clouds.turso.resources import DatabaseState
from deploybook.errors import ServiceError

from .conftest import GROUP

PLATFORM = "https://api.turso.tech"
# Operation by operation, what the client is able to send.
OPERATIONS = {
    "validateAPIToken",
    "getOrganization",
    "listLocations",
    "listGroups",
    "getGroup",
    "createGroup",
    "unarchiveGroup",
    "deleteGroup",
    "listDatabases",
    "getDatabase",
    "createDatabase",
    "updateDatabaseConfiguration",
    "deleteDatabase",
    "createDatabaseToken",
    "invalidateDatabaseTokens",
}


def exercise(clouds: Connections) -> None:
    """Send everything that the client is able to send."""
    turso.token_is_valid(clouds.turso)
    turso.organization_is_usable(clouds.turso)
    turso.location_exists(clouds.turso, "aws-us-east-1")
    group, database = GROUP, turso.Database("studio", "default")
    group.read(clouds)
    group.create(clouds)
    made = database.create(clouds)
    token = turso.DatabaseToken(made, stored={}, expiration="30d", rotate=True)
    state = token.create(clouds)
    token.update(clouds, state, token.differences(state))
    clouds.turso.unarchive_group("default")
    # Described by the vendor, and not served by the sandbox: only the request counts here.
    with suppress(ServiceError):
        clouds.turso.configure_database("studio", {"block_writes": False})
    clouds.turso.groups()
    present = database.read(clouds)
    assert present is not None
    database.delete(clouds, present)
    group.delete(clouds, group.planned())


def test_every_request_to_the_platform_is_described(clouds: Connections, specs: Path) -> None:
    requests = recorded(clouds.turso.api.client)
    exercise(clouds)
    description = Requests(specs / "turso.json")
    assert {description.check(request) for request in requests} == OPERATIONS


def test_every_request_to_a_database_is_described(database: turso.LibSql, specs: Path) -> None:
    requests = recorded(database._api.client)
    for check in (
        turso.answers,
        turso.jobs_are_stored,
        turso.claims_in_one_transaction,
        turso.wrong_tokens_are_refused,
    ):
        check(database)
    description = Requests(specs / "turso-sql.json")
    authorized = [request for request in requests if "authorization" in request.headers]
    assert {description.check(request) for request in authorized} == {"pipeline_v2"}
    assert len(authorized) > 20


@pytest.mark.parametrize(
    "request_of_ours",
    [
        httpx.Request("POST", "https://x/v1/organizations/o/groups", json={"name": "default"}),
        httpx.Request("POST", "https://x/v1/organizations/o/groups", json={"name": "d", "location": "l", "x": 1}),
        httpx.Request("POST", "https://x/v1/organizations/o/databases/d/auth/tokens?authorization=all"),
        httpx.Request("GET", "https://x/v1/organizations/o/nothing"),
    ],
)
def test_a_request_that_is_not_described_would_be_seen(request_of_ours: httpx.Request, specs: Path) -> None:
    request_of_ours.headers["Authorization"] = "Bearer x"
    with pytest.raises(OpenAPIError):
        Requests(specs / "turso.json").check(request_of_ours)


def test_a_url_is_made_of_the_hostname_that_turso_returns() -> None:
    assert DatabaseState("db", "db-org.aws-us-east-1.turso.io").url == "libsql://db-org.aws-us-east-1.turso.io"
    assert turso.LibSql("libsql://db-org.aws-us-east-1.turso.io", SecretStr("t"))._api.client.base_url == (
        "https://db-org.aws-us-east-1.turso.io"
    )
