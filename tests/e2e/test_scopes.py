"""Credentials that are right but may do too little are felt by the end-to-end check as well."""

from __future__ import annotations

import pytest
from tests.e2e.wiring import Stack

from deploybook.clouds import r2
from deploybook.clouds.r2.token import s3_secret

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.usefixtures("brought_back")]


def bucket_token(stack: Stack, bucket: str, group: str) -> dict[str, str]:
    """S3 credentials of another token: for this bucket, with this permission."""
    cloudflare = stack.clouds.cloudflare
    resource = f"com.cloudflare.edge.r2.bucket.{cloudflare.account_id}_default_{bucket}"
    policy = {
        "effect": "allow",
        "resources": {resource: "*"},
        "permission_groups": [{"id": cloudflare.permission_group(group)}],
    }
    made = cloudflare.create_token(f"{bucket} {group}", [policy])
    secret = s3_secret(made.value).get_secret_value()
    return {"R2_ACCESS_KEY_ID": made.id, "R2_SECRET_ACCESS_KEY": secret}


@pytest.mark.parametrize(
    ("bucket", "group"),
    [
        ("studio-production", "Workers R2 Storage Bucket Item Read"),
        ("another-bucket", "Workers R2 Storage Bucket Item Write"),
    ],
    ids=["read-only token", "token for another bucket"],
)
def test_a_worker_whose_r2_token_may_too_little_is_named(stack: Stack, bucket: str, group: str) -> None:
    if stack.clouds.cloudflare.bucket(bucket) is None:
        stack.clouds.cloudflare.create_bucket(bucket, "")
    stack.deploy("render", stack.values("render") | bucket_token(stack, bucket, group))
    felt = stack.check()
    assert felt.step == "worker", felt
    assert "worker on Render" in felt.message, felt


def test_a_worker_whose_database_token_only_reads_is_named(stack: Stack) -> None:
    stack.deploy("render", stack.values("render") | {"TURSO_AUTH_TOKEN": stack.database_token("read-only", "never")})
    felt = stack.check()
    assert felt.step == "worker", felt
    assert "worker on Render" in felt.message, felt


def test_a_cors_rule_for_another_origin_is_felt_at_the_upload(stack: Stack) -> None:
    elsewhere = r2.Cors("studio-production", "https://elsewhere.example.com")
    stack.clouds.cloudflare.put_cors_rules("studio-production", elsewhere.planned())
    felt = stack.check()
    assert felt.step == "upload", felt
    assert "(CORS)" in felt.message, felt
