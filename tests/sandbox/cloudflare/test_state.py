"""Rules that need a clock of their own or no HTTP at all."""

from __future__ import annotations

import hashlib

import pytest

from deploybook.sandbox.cloudflare.state.policies import Owner, new_policy, r2_grants
from deploybook.sandbox.cloudflare.state.tokens import CallLimit, Token, Tokens, digest, issue_value
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.r2.state.buckets import Access, Grants

ACCOUNT = "0123456789abcdef" * 2
OWNER = Owner(ACCOUNT, "fedcba9876543210" * 2)
ITEM_READ, ITEM_WRITE = "6a018a9f2fc74eb6b293b0c548f38b39", "2efd5506f9c8494dacb1fa10a3e7d5b6"
STORAGE_READ, STORAGE_WRITE = "b4992e1108244f5d8bfbd5744320c2e1", "bf7481a1826f439697cb59a20b22293e"


def grants(group: str, resource: str, value: object = "*", effect: str = "allow") -> Grants:
    return r2_grants([new_policy(OWNER, [group], {resource: value}, effect)], ACCOUNT)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_1200_calls_pass_in_five_minutes_and_the_next_shuts_out_for_five() -> None:
    clock = Clock()
    limit = CallLimit(clock)
    for _ in range(1200):
        clock.at += 0.1
        limit.check()
    with pytest.raises(Refusal) as refusal:
        limit.check()
    assert refusal.value.status == 429
    assert refusal.value.headers["retry-after"] == "300"
    clock.at += 299
    with pytest.raises(Refusal):
        limit.check()
    clock.at += 2
    limit.check()


def test_200_calls_pass_in_a_second() -> None:
    clock = Clock()
    limit = CallLimit(clock)
    for _ in range(200):
        limit.check()
    with pytest.raises(Refusal) as refusal:
        limit.check()
    assert refusal.value.headers["retry-after"] == "1"
    clock.at += 1.1
    limit.check()


def test_an_account_has_at_most_500_tokens() -> None:
    tokens = Tokens()
    for _ in range(500):
        tokens.keep(Token("x", "account", (), "secret"))
    with pytest.raises(Refusal):
        tokens.keep(Token("x", "account", (), "secret"))


def test_the_s3_secret_is_the_hex_sha256_of_the_value() -> None:
    value = issue_value("account")
    assert digest(value) == hashlib.sha256(value.encode()).hexdigest()


def test_a_bucket_resource_grants_that_bucket_in_that_jurisdiction() -> None:
    got = grants(ITEM_WRITE, f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_default_studio")
    assert got.objects("default", "studio") is Access.WRITE
    assert got.objects("eu", "studio") is Access.NONE
    assert got.objects("default", "studio-2") is Access.NONE
    assert got.account is Access.NONE
    assert got.actions() == ["List:studio", "Read:studio", "Write:studio"]


def test_a_bucket_resource_without_a_jurisdiction_grants_nothing() -> None:
    got = grants(ITEM_WRITE, f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_studio")
    assert got.objects("default", "studio") is Access.NONE
    assert got.actions() == []


def test_a_nested_account_resource_grants_the_objects_of_all_buckets() -> None:
    got = grants(ITEM_READ, f"com.cloudflare.api.account.{ACCOUNT}", {"com.cloudflare.edge.r2.bucket.*": "*"})
    assert got.objects("default", "any") is Access.READ
    assert got.account is Access.NONE


def test_an_account_resource_grants_no_objects_to_a_bucket_group() -> None:
    got = grants(ITEM_WRITE, f"com.cloudflare.api.account.{ACCOUNT}")
    assert got.objects("default", "any") is Access.NONE


def test_storage_groups_grant_buckets_and_objects_on_the_account_only() -> None:
    assert grants(STORAGE_WRITE, f"com.cloudflare.api.account.{ACCOUNT}").actions() == ["Admin"]
    reading = grants(STORAGE_READ, f"com.cloudflare.api.account.{ACCOUNT}")
    assert reading.account == Access.READ
    assert reading.objects("default", "any") == Access.READ
    assert grants(STORAGE_WRITE, f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_default_studio").account is Access.NONE


def test_a_denied_bucket_stays_denied() -> None:
    allow = new_policy(OWNER, [STORAGE_WRITE], {f"com.cloudflare.api.account.{ACCOUNT}": "*"})
    private = {f"com.cloudflare.edge.r2.bucket.{ACCOUNT}_default_private": "*"}
    got = r2_grants([allow, new_policy(OWNER, [ITEM_READ], private, "deny")], ACCOUNT)
    assert got.objects("default", "private") is Access.NONE
    assert got.objects("default", "other") is Access.WRITE
