"""Account-owned tokens: made, listed, changed, rolled, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.cloudflare.conftest import Cloudflare

ITEM_WRITE = "Workers R2 Storage Bucket Item Write"


def test_permission_groups_are_found_by_name_and_by_scope(cloudflare: Cloudflare) -> None:
    path = f"{cloudflare.tokens}/permission_groups"
    groups = cloudflare.api.get(path, params={"name": ITEM_WRITE}).json()["result"]
    assert [(group["name"], group["scopes"]) for group in groups] == [(ITEM_WRITE, ["com.cloudflare.edge.r2.bucket"])]
    scoped = cloudflare.api.get(path, params={"scope": "com.cloudflare.edge.r2.bucket"}).json()["result"]
    assert {group["name"] for group in scoped} == {ITEM_WRITE, "Workers R2 Storage Bucket Item Read"}
    assert cloudflare.api.get(path, params={"name": "No Such Group"}).json()["result"] == []


def test_the_value_is_shown_when_a_token_is_made_and_never_again(cloudflare: Cloudflare) -> None:
    made = cloudflare.token(ITEM_WRITE, resources=cloudflare.on_bucket("studio-audio"))
    assert made["value"].startswith("cfat_")
    read = cloudflare.api.get(f"{cloudflare.tokens}/{made['id']}").json()["result"]
    listed = cloudflare.api.get(cloudflare.tokens).json()["result"]
    assert "value" not in read
    assert all("value" not in token for token in listed)


def test_policies_are_read_back_with_ids_and_the_names_of_their_groups(cloudflare: Cloudflare) -> None:
    resources = cloudflare.on_bucket("studio-audio")
    made = cloudflare.token(ITEM_WRITE, resources=resources)
    (policy,) = cloudflare.api.get(f"{cloudflare.tokens}/{made['id']}").json()["result"]["policies"]
    assert len(policy["id"]) == 32
    assert policy["resources"] == resources
    assert policy["permission_groups"] == [{"id": cloudflare.group(ITEM_WRITE), "name": ITEM_WRITE}]


def test_two_tokens_may_have_one_name(cloudflare: Cloudflare) -> None:
    first, second = cloudflare.token("Workers R2 Storage Read"), cloudflare.token("Workers R2 Storage Read")
    assert first["name"] == second["name"]
    assert first["id"] != second["id"]


def test_the_list_is_paged_and_counts_all(cloudflare: Cloudflare) -> None:
    for number in range(7):
        cloudflare.token("Workers R2 Storage Read", name=f"token-{number}")
    names: list[str] = []
    for page in (1, 2, 3):
        answer = cloudflare.api.get(cloudflare.tokens, params={"page": page, "per_page": 5}).json()
        assert answer["result_info"]["total_count"] == 8
        names += [token["name"] for token in answer["result"]]
    assert names == ["operator (account-owned)", *(f"token-{number}" for number in range(7))]
    newest = cloudflare.api.get(cloudflare.tokens, params={"direction": "desc"}).json()["result"]
    assert newest[0]["name"] == "token-6"


@pytest.mark.parametrize("query", [{"per_page": 4}, {"per_page": 51}, {"page": 0}, {"page": "x"}])
def test_a_page_out_of_range_is_refused(cloudflare: Cloudflare, code: Any, query: dict[str, Any]) -> None:
    assert code(cloudflare.api.get(cloudflare.tokens, params=query)) == (400, 1001)


def test_rolling_answers_a_bare_string_and_keeps_the_id(cloudflare: Cloudflare, code: Any) -> None:
    made = cloudflare.token("Workers R2 Storage Read")
    value = cloudflare.api.put(f"{cloudflare.tokens}/{made['id']}/value", json={}).json()["result"]
    assert isinstance(value, str)
    assert value != made["value"]
    assert cloudflare.client(value).get(f"{cloudflare.tokens}/verify").json()["result"]["id"] == made["id"]
    assert code(cloudflare.client(made["value"]).get(f"{cloudflare.tokens}/verify")) == (401, 1000)


def test_a_deleted_token_is_gone_with_or_without_a_body(cloudflare: Cloudflare, code: Any) -> None:
    bodies: tuple[Any, ...] = ({}, None)
    for body in bodies:
        made = cloudflare.token("Workers R2 Storage Read")
        path = f"{cloudflare.tokens}/{made['id']}"
        assert cloudflare.api.request("DELETE", path, json=body).json()["result"] == {"id": made["id"]}
        assert code(cloudflare.api.get(path)) == (404, 1003)
        assert code(cloudflare.api.delete(path)) == (404, 1003)
        assert code(cloudflare.client(made["value"]).get(cloudflare.buckets)) == (403, 10000)


def test_an_update_changes_what_the_token_may_do_and_keeps_its_value(cloudflare: Cloudflare, code: Any) -> None:
    made = cloudflare.token("Workers R2 Storage Read")
    client, path = cloudflare.client(made["value"]), f"{cloudflare.tokens}/{made['id']}"
    body: dict[str, Any] = {"name": "renamed", "policies": [cloudflare.policy("Account Settings Read")]}
    assert cloudflare.api.put(path, json=body).json()["result"]["name"] == "renamed"
    assert code(client.get(cloudflare.buckets)) == (403, 10000)
    body = {"name": "renamed", "status": "disabled", "policies": [cloudflare.policy("Workers R2 Storage Read")]}
    assert cloudflare.api.put(path, json=body).json()["result"]["status"] == "disabled"
    assert code(client.get(cloudflare.buckets)) == (403, 10000)
    read_back = cloudflare.api.get(path).json()["result"] | {"status": "active"}
    cloudflare.api.put(path, json=read_back).raise_for_status()
    assert client.get(cloudflare.buckets).status_code == 200


def test_a_malformed_token_is_refused(cloudflare: Cloudflare, code: Any) -> None:
    good: dict[str, Any] = {"name": "x", "policies": [cloudflare.policy("Workers R2 Storage Read")]}
    (policy,) = good["policies"]
    broken: list[Any] = [
        [],
        {**good, "name": ""},
        {**good, "name": "x" * 121},
        {"policies": good["policies"]},
        {"name": "x"},
        {**good, "policies": []},
        {**good, "scope": "all"},
        {**good, "expires_on": "tomorrow"},
        {**good, "condition": {"request.ip": {"in": ["here"]}}},
        {**good, "policies": [{**policy, "effect": "maybe"}]},
        {**good, "policies": [{**policy, "permission_groups": [{"name": "Workers R2 Storage Read"}]}]},
        {**good, "policies": [{**policy, "permission_groups": [{"id": "f" * 32}]}]},
        {**good, "policies": [{**policy, "resources": {"studio-audio": "*"}}]},
    ]
    for body in broken:
        assert code(cloudflare.api.post(cloudflare.tokens, json=body)) == (400, 1001), body


@pytest.mark.parametrize(
    "resource",
    [
        "com.cloudflare.api.account." + "0" * 32,
        "com.cloudflare.edge.r2.bucket.*",
        "com.cloudflare.edge.r2.bucket.studio-audio",
        "com.cloudflare.edge.r2.bucket." + "0" * 32 + "_default_studio-audio",
    ],
)
def test_a_resource_outside_the_account_is_out_of_reach(cloudflare: Cloudflare, code: Any, resource: str) -> None:
    policies = [cloudflare.policy(ITEM_WRITE, resources={resource: "*"})]
    assert code(cloudflare.api.post(cloudflare.tokens, json={"name": "x", "policies": policies})) == (403, 9109)
