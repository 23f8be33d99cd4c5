"""Organizations, locations, groups and databases of the platform API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def test_new_organization_has_no_group_and_no_database(turso: Any) -> None:
    assert turso.api.get(f"{turso.base}/groups").json() == {"groups": []}
    assert turso.api.get(f"{turso.base}/databases").json() == {"databases": []}


def test_organizations_is_a_bare_array_with_the_exported_slug(turso: Any) -> None:
    (organization,) = turso.api.get("/v1/organizations").json()
    assert organization["slug"] == turso.organization
    assert organization["plan_id"] == "starter"


def test_another_organization_is_forbidden(turso: Any) -> None:
    assert turso.api.get("/v1/organizations/someone-else/databases").status_code == 403
    assert error(turso.api.get("/v1/organizations/someone-else")) == (404, "organization not found")


def test_locations_is_a_map_of_codes(turso: Any) -> None:
    assert turso.api.get("/v1/locations").json()["locations"]["aws-us-east-1"] == "AWS US East (Virginia)"


def test_group_in_unknown_location_is_refused(turso: Any) -> None:
    answer = turso.api.post(f"{turso.base}/groups", json={"name": "default", "location": "lhr"})
    assert error(answer) == (400, "location lhr not found")


@pytest.mark.parametrize("body", [{"name": "default"}, {"location": "aws-us-east-1"}, {}, {"name": 1, "location": "x"}])
def test_group_without_its_required_fields_is_refused(turso: Any, body: dict[str, Any]) -> None:
    assert turso.api.post(f"{turso.base}/groups", json=body).status_code == 400


def test_create_group_twice_returns_conflict(turso: Any) -> None:
    turso.create_group()
    answer = turso.api.post(f"{turso.base}/groups", json={"name": "default", "location": "aws-us-east-1"})
    assert error(answer) == (409, "group already exists")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_no_request_moves_a_group(turso: Any, method: str) -> None:
    turso.create_group()
    answer = turso.api.request(method, f"{turso.base}/groups/default", json={"location": "aws-eu-west-1"})
    assert answer.is_error
    assert turso.api.get(f"{turso.base}/groups/default").json()["group"]["primary"] == "aws-us-east-1"


def test_second_group_needs_a_paid_plan(turso: Any) -> None:
    turso.create_group()
    answer = turso.api.post(f"{turso.base}/groups", json={"name": "second", "location": "aws-us-east-1"})
    assert answer.status_code == 402
    assert [group["name"] for group in turso.api.get(f"{turso.base}/groups").json()["groups"]] == ["default"]


def test_unknown_group_is_not_found(turso: Any) -> None:
    assert error(turso.api.get(f"{turso.base}/groups/none")) == (404, "group not found")
    assert error(turso.api.delete(f"{turso.base}/groups/none")) == (404, "group not found")


def test_database_needs_an_existing_group(turso: Any) -> None:
    answer = turso.api.post(f"{turso.base}/databases", json={"name": "jobs", "group": "default"})
    assert error(answer) == (400, "group not found")


def test_database_needs_its_group_named(turso: Any) -> None:
    turso.create_group()
    answer = turso.api.post(f"{turso.base}/databases", json={"name": "jobs"})
    assert error(answer) == (400, "group is required")


@pytest.mark.parametrize("name", ["Jobs", "jobs_1", "j" * 65, "", "jöbs"])
def test_malformed_database_name_is_refused(turso: Any, name: str) -> None:
    turso.create_group()
    assert turso.api.post(f"{turso.base}/databases", json={"name": name, "group": "default"}).status_code == 400


def test_create_database_twice_returns_conflict(turso: Any) -> None:
    turso.create_group()
    turso.create_database("jobs")
    answer = turso.api.post(f"{turso.base}/databases", json={"name": "jobs", "group": "default"})
    assert error(answer) == (409, "database with name jobs already exists")


def test_of_creations_at_once_one_wins(turso: Any) -> None:
    turso.create_group()
    with ThreadPoolExecutor(4) as pool:
        body = {"name": "jobs", "group": "default"}
        statuses = pool.map(lambda _: turso.api.post(f"{turso.base}/databases", json=body).status_code, range(4))
        assert sorted(statuses) == [200, 409, 409, 409]


def test_database_is_listed_by_its_group(turso: Any) -> None:
    turso.create_group()
    hostname = turso.create_database("jobs")
    (listed,) = turso.api.get(f"{turso.base}/databases", params={"group": "default"}).json()["databases"]
    assert listed["Name"] == "jobs"
    assert listed["Hostname"] == hostname
    assert listed["group"] == "default"
    assert listed == turso.api.get(f"{turso.base}/databases/jobs").json()["database"]
    assert turso.api.get(f"{turso.base}/databases", params={"group": "other"}).json() == {"databases": []}


def test_deleted_database_is_not_found_and_its_name_is_free(turso: Any) -> None:
    turso.create_group()
    turso.create_database("jobs")
    assert turso.api.delete(f"{turso.base}/databases/jobs").json() == {"database": "jobs"}
    message = "could not find database with name jobs: record not found"
    assert error(turso.api.get(f"{turso.base}/databases/jobs")) == (404, message)
    assert error(turso.api.delete(f"{turso.base}/databases/jobs")) == (404, message)
    turso.create_database("jobs")


def test_deleting_a_group_deletes_its_databases(turso: Any) -> None:
    turso.create_group()
    turso.create_database("jobs")
    assert turso.api.delete(f"{turso.base}/groups/default").json()["group"]["name"] == "default"
    assert turso.api.get(f"{turso.base}/databases").json() == {"databases": []}


def test_what_is_described_but_not_done_here_is_loud(turso: Any) -> None:
    turso.create_group()
    body = {"name": "jobs", "group": "default", "size_limit": "1gb"}
    answer = turso.api.post(f"{turso.base}/databases", json=body)
    assert error(answer) == (501, "not implemented in the sandbox: the field size_limit")
    answer = turso.api.get(f"{turso.base}/databases/jobs/usage")
    assert error(answer) == (501, f"not implemented in the sandbox: GET {turso.base}/databases/jobs/usage")


def test_unknown_field_and_broken_json_are_refused(turso: Any) -> None:
    body = {"name": "default", "location": "aws-us-east-1", "colour": "red"}
    assert error(turso.api.post(f"{turso.base}/groups", json=body)) == (400, "unknown field colour")
    assert error(turso.api.post(f"{turso.base}/groups", content=b"{")) == (400, "the body is not JSON")


def test_reset_leaves_a_new_organization_with_the_same_operator(turso: Any) -> None:
    turso.create_group()
    hostname = turso.create_database("jobs")
    turso.sandbox.reset()
    assert turso.api.get(f"{turso.base}/groups").json() == {"groups": []}
    with pytest.raises(httpx.ConnectError):
        turso.sql.get(f"https://{hostname}/health")
