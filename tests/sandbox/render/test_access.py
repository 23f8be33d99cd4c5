"""The key, the limits, and what is not implemented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.render.conftest import Render


@pytest.mark.parametrize("key", [None, "rnd_wrong"])
def test_a_wrong_or_absent_key_is_401(render: Render, key: str | None) -> None:
    with render.client(key) as stranger:
        refused = stranger.get("/owners")
    assert refused.status_code == 401
    assert refused.json() == {"message": "Unauthorized"}


def test_the_key_names_its_user_and_workspace(render: Render) -> None:
    assert render.api.get("/users").json()["email"] == "operator@studio.example"
    owner = render.api.get("/owners").json()[0]["owner"]
    assert owner["type"] == "team"
    assert owner["id"][:4] == "tea-"
    assert render.api.get(f"/owners/{owner['id']}").json() == owner
    assert render.api.get("/owners/tea-other").status_code == 404
    assert render.api.get("/owners", params={"name": "absent"}).json() == []


def test_an_unimplemented_operation_says_so(render: Render) -> None:
    answer = render.api.get("/postgres")
    expected = {"message": "not implemented in the sandbox: GET /v1/postgres"}
    assert answer.status_code == 501
    assert answer.json() == expected


def test_only_json_is_served(render: Render) -> None:
    assert render.api.get("/owners", headers={"Accept": "text/csv"}).status_code == 406


def test_reads_carry_the_limit_and_the_seconds_left(render: Render) -> None:
    headers = render.api.get("/users").headers
    assert headers["Ratelimit-Limit"] == "400"
    assert int(headers["Ratelimit-Remaining"]) < 400
    assert 1 <= int(headers["Ratelimit-Reset"]) <= 60


def test_creation_is_limited_to_twenty_an_hour(render: Render) -> None:
    for number in range(20):
        render.create(name=f"worker-{number}")
    refused = render.api.post("/services", json={})
    assert refused.status_code == 429
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Ratelimit-Remaining"] == "0"
    assert render.api.get("/services").status_code == 200


def test_deploys_changes_and_hooks_of_one_service_share_ten_a_minute(render: Render) -> None:
    first, second = render.create()["id"], render.create(name="second")["id"]
    hook = render.hook(first)
    for _ in range(4):
        assert render.api.post(f"/services/{first}/deploys", json={}).status_code in {201, 202}
        assert render.api.patch(f"/services/{first}", json={}).status_code == 200
    assert render.api.post(hook).status_code == 200
    assert render.api.get(hook).status_code == 200
    for refused in (render.api.post(f"/services/{first}/suspend"), render.api.post(hook)):
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert render.api.post(f"/services/{second}/deploys", json={}).status_code in {201, 202}


def test_other_writes_are_limited_to_thirty_a_minute(render: Render) -> None:
    service = render.create()["id"]
    statuses = [render.api.put(f"/services/{service}/env-vars/A", json={"value": "1"}).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
