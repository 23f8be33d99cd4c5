"""PyPI ``cloudflare``, the official SDK, does what the R2 section of the guide does, and is refused where it would be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cloudflare import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Cloudflare,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
)

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

ITEM_WRITE = "Workers R2 Storage Bucket Item Write"


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """An empty account."""
    running = start_sandbox("r2", "cloudflare")
    running.reset()
    return running


@pytest.fixture
def sdk(sandbox: RunningSandbox) -> Iterator[Cloudflare]:
    """The SDK with the operator's token."""
    exports = sandbox.exports
    with Cloudflare(
        api_token=exports["CLOUDFLARE_API_TOKEN"], base_url=exports["CLOUDFLARE_API_URL"], max_retries=0
    ) as client:
        yield client


@pytest.fixture
def account(sandbox: RunningSandbox) -> str:
    """The account's id."""
    return sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]


def make_token(sdk: Cloudflare, account: str, bucket: str) -> Any:
    """A token for the objects of one bucket, as the guide makes it."""
    (group,) = sdk.accounts.tokens.permission_groups.list(account_id=account, name=ITEM_WRITE)
    resources = {f"com.cloudflare.edge.r2.bucket.{account}_default_{bucket}": "*"}
    policy: Any = {"effect": "allow", "permission_groups": [{"id": group.id}], "resources": resources}
    return sdk.accounts.tokens.create(account_id=account, name=f"{bucket} objects", policies=[policy])


def objects(sandbox: RunningSandbox, token_id: str, value: str) -> Any:
    """An S3 client with the key that R2 derives from a token."""
    return boto3.client(
        "s3",
        endpoint_url=sandbox.exports["R2_ENDPOINT_URL"],
        region_name="auto",
        aws_access_key_id=token_id,
        aws_secret_access_key=hashlib.sha256(value.encode()).hexdigest(),
        verify=sandbox.exports["AWS_CA_BUNDLE"],
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )


def test_the_operators_token_is_verified_for_its_account_only(sdk: Cloudflare, account: str) -> None:
    verified = sdk.accounts.tokens.verify(account_id=account)
    assert verified is not None
    assert verified.status == "active"
    with pytest.raises(AuthenticationError):
        sdk.user.tokens.verify()
    with pytest.raises(BadRequestError, match="does not support account owned tokens"):
        sdk.accounts.list()


def test_a_bucket_is_created_listed_configured_and_deleted(sdk: Cloudflare, account: str) -> None:
    made = sdk.r2.buckets.create(account_id=account, name="studio-audio", location_hint="weur")
    assert made.name == "studio-audio"
    assert made.location == "weur"
    assert made.jurisdiction == "default"
    with pytest.raises(ConflictError):
        sdk.r2.buckets.create(account_id=account, name="studio-audio")
    listed = sdk.r2.buckets.list(account_id=account).buckets or []
    assert [bucket.name for bucket in listed] == ["studio-audio"]
    with pytest.raises(NotFoundError):
        sdk.r2.buckets.cors.get("studio-audio", account_id=account)
    allowed: Any = {
        "methods": ["GET", "PUT", "HEAD"],
        "origins": ["https://studio.example"],
        "headers": ["Content-Type"],
    }
    sdk.r2.buckets.cors.update(
        "studio-audio", account_id=account, rules=[{"allowed": allowed, "max_age_seconds": 3600}]
    )
    rules = sdk.r2.buckets.cors.get("studio-audio", account_id=account).rules or []
    assert rules[0].allowed.origins == ["https://studio.example"]
    assert rules[0].max_age_seconds == 3600
    lifecycle = sdk.r2.buckets.lifecycle.get("studio-audio", account_id=account).rules or []
    assert lifecycle[0].id == "Default Multipart Abort Rule"
    sdk.r2.buckets.delete("studio-audio", account_id=account)
    with pytest.raises(NotFoundError):
        sdk.r2.buckets.get("studio-audio", account_id=account)


def test_a_jurisdiction_must_be_named_on_every_call(sdk: Cloudflare, account: str) -> None:
    sdk.r2.buckets.create(account_id=account, name="studio-eu", cf_r2_jurisdiction="eu")
    with pytest.raises(NotFoundError):
        sdk.r2.buckets.get("studio-eu", account_id=account)
    assert sdk.r2.buckets.get("studio-eu", account_id=account, cf_r2_jurisdiction="eu").jurisdiction == "eu"


def test_a_token_is_created_used_rolled_and_deleted(sdk: Cloudflare, account: str, sandbox: RunningSandbox) -> None:
    sdk.r2.buckets.create(account_id=account, name="studio-audio")
    token = make_token(sdk, account, "studio-audio")
    objects(sandbox, token.id, token.value).put_object(Bucket="studio-audio", Key="a", Body=b"sound")

    rolled = sdk.accounts.tokens.value.update(token.id, account_id=account)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        objects(sandbox, token.id, token.value).get_object(Bucket="studio-audio", Key="a")
    answer = objects(sandbox, token.id, rolled).get_object(Bucket="studio-audio", Key="a")
    assert answer["Body"].read() == b"sound"

    assert sdk.accounts.tokens.delete(token.id, account_id=account).id == token.id
    with pytest.raises(ClientError, match="Unauthorized"):
        objects(sandbox, token.id, rolled).get_object(Bucket="studio-audio", Key="a")


def test_all_pages_of_tokens_are_walked(sdk: Cloudflare, account: str) -> None:
    for number in range(6):
        make_token(sdk, account, f"bucket-{number}")
    names = [token.name for token in sdk.accounts.tokens.list(account_id=account, per_page=5)]
    assert len(names) == len(set(names)) == 7
    assert all(token.id for token in sdk.accounts.tokens.list(account_id=account))


def test_a_token_is_read_and_updated(sdk: Cloudflare, account: str) -> None:
    token = make_token(sdk, account, "studio-audio")
    read = sdk.accounts.tokens.get(token.id, account_id=account)
    assert read.policies
    assert not hasattr(read, "value") or read.value is None
    policies: Any = [policy.model_dump() for policy in read.policies]
    changed = sdk.accounts.tokens.update(token.id, account_id=account, name="renamed", policies=policies)
    assert changed.name == "renamed"
    assert changed.id == token.id


def test_a_token_of_lesser_permissions_is_refused(sdk: Cloudflare, account: str, sandbox: RunningSandbox) -> None:
    sdk.r2.buckets.create(account_id=account, name="studio-audio")
    token = make_token(sdk, account, "studio-audio")
    with Cloudflare(api_token=token.value, base_url=sandbox.exports["CLOUDFLARE_API_URL"], max_retries=0) as lesser:
        verified = lesser.accounts.tokens.verify(account_id=account)
        assert verified is not None
        assert verified.status == "active"
        with pytest.raises(PermissionDeniedError, match="Authentication error"):
            lesser.r2.buckets.get("studio-audio", account_id=account)
        with pytest.raises(PermissionDeniedError, match="Unauthorized to access requested resource"):
            make_token(lesser, account, "studio-audio")


def test_what_is_missing_is_said_loudly(sdk: Cloudflare, account: str) -> None:
    with pytest.raises(APIStatusError, match="not implemented in the sandbox"):
        sdk.r2.temporary_credentials.create(
            account_id=account,
            bucket="studio-audio",
            parent_access_key_id="x",
            permission="object-read-only",
            ttl_seconds=60,
        )
