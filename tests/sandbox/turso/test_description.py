"""The description's own list of operations: each is done as described, or answers that it is not."""

from __future__ import annotations

from typing import Any

# What the sandbox does not do. Everything else in turso.json must be answered as described.
NOT_DONE = {"getDatabaseUsage"}
BODIES: dict[str, Any] = {
    "createGroup": {"name": "default", "location": "aws-us-east-1"},
    "createDatabase": {"name": "jobs", "group": "default"},
}


def order(operation: tuple[str, str, str]) -> tuple[bool, bool, bool]:
    """What creates comes first, deletions last, and the group after what is in it (sorting is stable otherwise)."""
    method, _, identifier = operation
    return method == "delete", identifier == "deleteGroup", identifier not in BODIES


def test_every_described_operation_is_answered_as_described_or_loudly_not(
    turso: Any, platform_description: Any
) -> None:
    paths = platform_description.document["paths"]
    operations = [
        (method, path, details["operationId"])
        for path, methods in paths.items()
        for method, details in methods.items()
        if method != "parameters"
    ]
    minted = turso.api.post("/v1/auth/api-tokens/second", json={"organization": turso.organization}).json()
    names = {
        "organizationSlug": turso.organization,
        "groupName": "default",
        "databaseName": "jobs",
        "tokenId": minted["id"],
    }
    unlike: dict[str, int] = {}
    checked = platform_description.checked
    for method, path, identifier in sorted(operations, key=order):
        body = {"organization": turso.organization} if identifier == "createAPIToken" else BODIES.get(identifier)
        response = turso.api.request(method, path.format(tokenName="first", **names), json=body)
        if response.status_code != 200:
            unlike[identifier] = response.status_code
    assert unlike == dict.fromkeys(NOT_DONE, 501)
    assert platform_description.checked - checked == len(operations) - len(NOT_DONE)


def test_answers_of_the_database_are_validated_too(turso: Any, sql_description: Any) -> None:
    turso.create_group()
    hostname = turso.create_database()
    checked = sql_description.checked
    statement = "SELECT 1 AS a, 1.5 AS b, 'x' AS c, x'00ff' AS d, NULL AS e"
    assert turso.execute(hostname, turso.token(), statement).status_code == 200
    assert turso.execute(hostname, None, "SELECT 1").status_code == 401
    assert sql_description.checked - checked == 2
