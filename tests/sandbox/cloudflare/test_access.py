"""Credentials and permissions: who is let in, and how the others are refused."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.waiting import until

if TYPE_CHECKING:
    from tests.sandbox.cloudflare.conftest import Cloudflare

UNKNOWN = "cfat_" + "x" * 48


def test_an_account_owned_token_is_verified_only_below_its_account(cloudflare: Cloudflare, code: Any) -> None:
    verified = cloudflare.api.get(f"{cloudflare.tokens}/verify").json()
    assert verified["result"]["status"] == "active"
    assert verified["messages"][0]["message"] == "This API Token is valid and active"
    assert code(cloudflare.api.get("/user/tokens/verify")) == (401, 1000)


def test_a_user_owned_token_is_verified_only_below_the_user(cloudflare: Cloudflare, code: Any) -> None:
    value = cloudflare.sandbox.exports["DEPLOYBOOK_SANDBOX_CLOUDFLARE_USER_TOKEN"]
    user = cloudflare.client(value)
    assert value.startswith("cfut_")
    assert user.get("/user/tokens/verify").json()["result"]["status"] == "active"
    assert code(user.get(f"{cloudflare.tokens}/verify")) == (401, 1000)


def test_the_operators_token_looks_like_an_account_owned_one(cloudflare: Cloudflare) -> None:
    value = cloudflare.sandbox.exports["CLOUDFLARE_API_TOKEN"]
    assert value.startswith("cfat_")
    assert len(value) == 53


def test_an_unknown_token_is_refused_in_the_words_of_each_api(cloudflare: Cloudflare, code: Any) -> None:
    stranger = cloudflare.client(UNKNOWN)
    assert code(stranger.get(f"{cloudflare.tokens}/verify")) == (401, 1000)
    assert code(stranger.get(cloudflare.tokens)) == (403, 9109)
    assert code(stranger.get(cloudflare.buckets)) == (403, 10000)


def test_a_missing_or_malformed_credential_is_a_bad_request(cloudflare: Cloudflare, code: Any) -> None:
    assert code(cloudflare.client(None).get(cloudflare.buckets)) == (400, 9106)
    assert code(cloudflare.client(None).get("/user/tokens/verify")) == (400, 1001)
    answer = cloudflare.client("too-short").get(cloudflare.buckets)
    assert code(answer) == (400, 6003)
    assert answer.json()["errors"][0]["error_chain"][0]["code"] == 6111


def test_another_account_is_out_of_reach(cloudflare: Cloudflare, code: Any) -> None:
    other = "0" * 32
    assert code(cloudflare.api.get(f"/accounts/{other}/r2/buckets")) == (403, 10000)
    assert code(cloudflare.api.get(f"/accounts/{other}/tokens")) == (403, 9109)
    assert code(cloudflare.api.get("/accounts/me@example.com/r2/buckets")) == (404, 7003)


def test_listing_accounts_refuses_an_account_owned_token(cloudflare: Cloudflare, code: Any) -> None:
    assert code(cloudflare.api.get("/accounts")) == (400, 1001)


def test_reading_the_account_needs_its_settings_permission(cloudflare: Cloudflare, code: Any) -> None:
    assert code(cloudflare.api.get(f"/accounts/{cloudflare.account}")) == (403, 9109)
    reader = cloudflare.client(cloudflare.token("Account Settings Read")["value"])
    assert reader.get(f"/accounts/{cloudflare.account}").json()["result"]["id"] == cloudflare.account


def test_user_operations_refuse_an_account_owned_token(cloudflare: Cloudflare, code: Any) -> None:
    assert code(cloudflare.api.get("/user")) == (403, 9109)
    assert code(cloudflare.api.get("/user/tokens")) == (403, 9109)
    value = cloudflare.sandbox.exports["DEPLOYBOOK_SANDBOX_CLOUDFLARE_USER_TOKEN"]
    resources = {f"com.cloudflare.api.user.{cloudflare.client(value).get('/user').json()['result']['id']}": "*"}
    posing = cloudflare.token("User Details Read", "API Tokens Read", resources=resources)
    assert code(cloudflare.client(posing["value"]).get("/user")) == (403, 9109)
    assert code(cloudflare.client(posing["value"]).get("/user/tokens")) == (403, 9109)
    user = cloudflare.client(cloudflare.sandbox.exports["DEPLOYBOOK_SANDBOX_CLOUDFLARE_USER_TOKEN"])
    assert user.get("/user").json()["result"]["email"] == "operator@example.com"
    assert [token["name"] for token in user.get("/user/tokens").json()["result"]] == ["operator (user-owned)"]


def test_bucket_operations_need_storage_permissions(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    nothing = cloudflare.client(cloudflare.token("Account Settings Read")["value"])
    assert code(nothing.get(cloudflare.buckets)) == (403, 10000)
    reader = cloudflare.client(cloudflare.token("Workers R2 Storage Read")["value"])
    assert reader.get(f"{cloudflare.buckets}/studio-audio").status_code == 200
    assert code(reader.post(cloudflare.buckets, json={"name": "another"})) == (403, 10000)
    assert code(reader.put(f"{cloudflare.buckets}/studio-audio/cors", json={"rules": []})) == (403, 10000)
    assert code(reader.delete(f"{cloudflare.buckets}/studio-audio")) == (403, 10000)


def test_an_object_token_cannot_use_the_rest_api_of_its_bucket(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    resources = cloudflare.on_bucket("studio-audio")
    made = cloudflare.token("Workers R2 Storage Bucket Item Write", resources=resources)
    assert code(cloudflare.client(made["value"]).get(f"{cloudflare.buckets}/studio-audio")) == (403, 10000)


def test_token_operations_need_token_permissions(cloudflare: Cloudflare, code: Any) -> None:
    storage = cloudflare.client(cloudflare.token("Workers R2 Storage Write")["value"])
    assert code(storage.get(cloudflare.tokens)) == (403, 9109)
    assert code(storage.get(f"{cloudflare.tokens}/permission_groups")) == (403, 9109)
    made = cloudflare.token("Account API Tokens Read")
    reader = cloudflare.client(made["value"])
    assert reader.get(cloudflare.tokens).status_code == 200
    assert code(reader.post(cloudflare.tokens, json={"name": "x", "policies": []})) == (403, 9109)
    assert code(reader.put(f"{cloudflare.tokens}/{made['id']}/value", json={})) == (403, 9109)
    assert code(reader.delete(f"{cloudflare.tokens}/{made['id']}")) == (403, 9109)


def test_a_permission_group_works_only_on_a_resource_of_its_scope(cloudflare: Cloudflare, code: Any) -> None:
    made = cloudflare.token("Workers R2 Storage Write", resources=cloudflare.on_bucket("studio-audio"))
    assert code(cloudflare.client(made["value"]).get(cloudflare.buckets)) == (403, 10000)


def test_an_explicit_denial_wins_over_a_grant(cloudflare: Cloudflare, code: Any) -> None:
    policies = [
        cloudflare.policy("Workers R2 Storage Write", "Workers R2 Storage Read"),
        cloudflare.policy("Workers R2 Storage Write", effect="deny"),
    ]
    made = cloudflare.api.post(cloudflare.tokens, json={"name": "half", "policies": policies}).json()["result"]
    client = cloudflare.client(made["value"])
    assert client.get(cloudflare.buckets).status_code == 200
    assert code(client.post(cloudflare.buckets, json={"name": "another"})) == (403, 10000)


@pytest.mark.parametrize(("field", "offset"), [("expires_on", 1), ("not_before", 3600)])
def test_a_token_works_only_in_its_time(cloudflare: Cloudflare, code: Any, field: str, offset: int) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))
    client = cloudflare.client(cloudflare.token("Workers R2 Storage Read", **{field: at})["value"])
    if field == "expires_on":
        verify = f"{cloudflare.tokens}/verify"
        until(lambda: client.get(verify).json()["result"]["status"] == "expired", "the token's expiry")
    assert code(client.get(cloudflare.buckets)) == (403, 10000)


def test_a_token_works_only_from_its_addresses(cloudflare: Cloudflare, code: Any) -> None:
    elsewhere = {"request.ip": {"in": ["192.0.2.0/24"]}}
    made = cloudflare.token("Workers R2 Storage Read", condition=elsewhere)
    answer = cloudflare.client(made["value"]).get(cloudflare.buckets)
    assert code(answer) == (403, 9109)
    assert "location: 127.0.0.1" in answer.json()["errors"][0]["message"]
    here = cloudflare.token("Workers R2 Storage Read", condition={"request.ip": {"in": ["127.0.0.0/8"]}})
    assert cloudflare.client(here["value"]).get(cloudflare.buckets).status_code == 200


def test_what_the_sandbox_lacks_is_said_by_name(cloudflare: Cloudflare) -> None:
    for method, path in (("GET", "/zones"), ("PATCH", f"{cloudflare.buckets}/studio-audio")):
        answer = cloudflare.api.request(method, path)
        assert answer.status_code == 501
        assert f"not implemented in the sandbox: {method}" in answer.json()["errors"][0]["message"]


def test_reset_ends_every_token_but_the_operators(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    made = cloudflare.token("Workers R2 Storage Write")
    cloudflare.sandbox.reset()
    assert code(cloudflare.client(made["value"]).get(cloudflare.buckets)) == (403, 10000)
    assert cloudflare.api.get(cloudflare.buckets).json()["result"] == {"buckets": []}
    assert [token["name"] for token in cloudflare.api.get(cloudflare.tokens).json()["result"]] == [
        "operator (account-owned)"
    ]


def test_the_answers_match_the_description(cloudflare: Cloudflare) -> None:
    if cloudflare.description is None:
        pytest.skip("../shared/specs is absent: the answers are not validated")
    before = cloudflare.description.checked
    cloudflare.api.get(cloudflare.buckets)
    assert cloudflare.description.checked == before + 1
