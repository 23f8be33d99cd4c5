"""The bucket, its token and its CORS rule against the sandbox's Cloudflare, which shares no code with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.clouds.scratch_names import named
from tests.conftest import RunningSandbox

from deploybook import http
from deploybook.clouds import r2
from deploybook.clouds.connections import Connections
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.r2.schema import CorsRule
from deploybook.clouds.r2.token import TokenState
from deploybook.errors import (
    Conflict,
    InvalidValue,
    MissingVariable,
    NotFound,
    PermissionDenied,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
    VerificationFailed,
)

ORIGIN = "https://app.example.com"


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect) -> Connections:
    return connect(sandbox)


def made_token(clouds: Connections, bucket: str = "studio-production") -> tuple[r2.BucketToken, TokenState]:
    r2.Bucket(bucket).create(clouds)
    token = r2.BucketToken("t", bucket, stored={})
    assert token.read(clouds) is None
    return token, token.create(clouds)


def store_of(clouds: Connections, sandbox: RunningSandbox, token: r2.BucketToken, state: TokenState) -> Store:
    variables = {
        "R2_ACCOUNT_ID": SecretStr(sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]),
        "R2_BUCKET_NAME": SecretStr(token.bucket),
        **token.one_time_secrets(state),
    }
    store = clouds.objects(variables)
    assert store is not None
    return store


def test_s3_credentials_follow_from_the_token(clouds: Connections, sandbox: RunningSandbox) -> None:
    token, state = made_token(clouds)
    assert state.value is not None
    kept = token.one_time_secrets(state)
    assert kept["R2_ACCESS_KEY_ID"].get_secret_value() == state.id
    digest = hashlib.sha256(state.value.get_secret_value().encode()).hexdigest()
    assert kept["R2_SECRET_ACCESS_KEY"].get_secret_value() == digest
    store = store_of(clouds, sandbox, token, state)
    assert r2.lists_writes_reads_deletes(store)
    assert r2.other_buckets_are_refused(store)
    assert r2.wrong_secret_is_refused(store)


def test_checks_remove_what_they_wrote(clouds: Connections, sandbox: RunningSandbox) -> None:
    token, state = made_token(clouds)
    store = store_of(clouds, sandbox, token, state)
    r2.Cors("studio-production", ORIGIN).read(clouds)
    r2.lists_writes_reads_deletes(store)
    r2.presigned_get_works(store)
    with pytest.raises(VerificationFailed):
        r2.presigned_put_works(store, ORIGIN)
    assert store.call("list_objects_v2").get("Contents", []) == []


def test_checks_remove_what_a_killed_one_left_and_nothing_of_one_that_goes_on(
    clouds: Connections, sandbox: RunningSandbox, ended_process: int
) -> None:
    store = store_of(clouds, sandbox, *made_token(clouds))
    leftover, kept = (
        f"deploybook-check/{named(ended_process)}",
        {f"deploybook-check/{named(os.getppid())}", "assets/a.wav"},
    )
    for key in (leftover, *kept):
        store.call("put_object", Key=key, Body=b"")
    r2.presigned_get_works(store)
    assert {entry["Key"] for entry in store.call("list_objects_v2")["Contents"]} == kept
    for key in kept:
        store.call("delete_object", Key=key)


def test_a_token_whose_secret_was_lost_is_rolled_not_made_again(clouds: Connections) -> None:
    _, state = made_token(clouds)
    again = r2.BucketToken("t", "studio-production", stored={})
    present = again.read(clouds)
    assert present is not None
    changes = again.differences(present)
    assert [change.field for change in changes] == ["secret"]
    rolled = again.update(clouds, present, changes)
    assert rolled.id == state.id
    assert rolled.value != state.value
    assert len([token for token in clouds.cloudflare.tokens() if token.name == "t"]) == 1


def test_the_old_secret_is_refused_after_a_roll(clouds: Connections, sandbox: RunningSandbox) -> None:
    token, state = made_token(clouds)
    old = store_of(clouds, sandbox, token, state)
    clouds.cloudflare.roll_token(state.id)
    with pytest.raises(PermissionDenied):
        old.call("list_objects_v2")


def test_a_token_that_was_widened_is_narrowed_and_keeps_its_secret(
    clouds: Connections, sandbox: RunningSandbox
) -> None:
    token, state = made_token(clouds)
    everything = {f"com.cloudflare.api.account.{clouds.cloudflare.account_id}": "*"}
    group = clouds.cloudflare.permission_group("Workers R2 Storage Write")
    policy = {"effect": "allow", "resources": everything, "permission_groups": [{"id": group}]}
    clouds.cloudflare.update_token(state.id, "t", [policy])
    secrets = token.one_time_secrets(state)
    with pytest.raises(VerificationFailed):
        r2.other_buckets_are_refused(store_of(clouds, sandbox, token, state))
    again = r2.BucketToken("t", "studio-production", stored=secrets)
    present = again.read(clouds)
    assert present is not None
    changes = again.differences(present)
    assert [change.field for change in changes] == ["scope"]
    again.update(clouds, present, changes)
    assert r2.other_buckets_are_refused(store_of(clouds, sandbox, token, state))


@pytest.mark.parametrize("status", ["disabled", "expired"])
def test_a_token_that_is_not_active_any_more_is_named_and_made_active(
    clouds: Connections, sandbox: RunningSandbox, status: str
) -> None:
    token, state = made_token(clouds)
    secrets = token.one_time_secrets(state)
    again = r2.BucketToken("t", "studio-production", stored=secrets)
    as_it_was = again.read(clouds)
    assert as_it_was is not None
    changes = again.differences(replace(as_it_was, status=status))
    assert [(change.field, change.old, change.new) for change in changes] == [("status", status, "active")]
    disabled_at_the_dashboard(sandbox, state.id)
    present = again.read(clouds)
    assert present is not None
    assert present.status == "disabled"
    again.update(clouds, present, again.differences(present))
    mended = again.read(clouds)
    assert mended is not None
    assert again.differences(mended) == []


def disabled_at_the_dashboard(sandbox: RunningSandbox, token_id: str) -> None:
    """Switch a token off, with everything else of it as it is."""
    headers = {"Authorization": f"Bearer {sandbox.exports['CLOUDFLARE_API_TOKEN']}"}
    path = f"/accounts/{sandbox.exports['CLOUDFLARE_ACCOUNT_ID']}/tokens/{token_id}"
    with httpx.Client(base_url=sandbox.exports["CLOUDFLARE_API_URL"], headers=headers, trust_env=False) as api:
        token = api.get(path).json()["result"]
        body = {"name": token["name"], "policies": token["policies"], "status": "disabled"}
        api.put(path, json=body).raise_for_status()


def test_a_token_in_the_vault_that_is_kept_has_no_difference(clouds: Connections) -> None:
    token, state = made_token(clouds)
    again = r2.BucketToken("t", "studio-production", stored=token.one_time_secrets(state))
    present = again.read(clouds)
    assert present is not None
    assert again.differences(present) == []


def test_rotation_is_a_request_and_no_drift(clouds: Connections) -> None:
    token, state = made_token(clouds)
    again = r2.BucketToken("t", "studio-production", stored=token.one_time_secrets(state), rotate=True)
    present = again.read(clouds)
    assert present is not None
    assert [change.requested for change in again.differences(present)] == [True]


def test_two_tokens_of_one_name_are_for_the_operator_to_settle(clouds: Connections) -> None:
    token, _ = made_token(clouds)
    token.create(clouds)
    with pytest.raises(Conflict, match="2 tokens named t"):
        token.read(clouds)


def test_a_token_beyond_the_first_page_is_found(clouds: Connections) -> None:
    token, state = made_token(clouds)
    policies = clouds.cloudflare.token_policies(f"/accounts/{clouds.cloudflare.account_id}", state.id)
    bare = [policy.model_dump() for policy in policies]
    for number in range(55):
        clouds.cloudflare.create_token(f"other-{number}", bare)
    assert token.read(clouds) is not None
    assert len(list(clouds.cloudflare.tokens())) >= 56


def test_a_create_whose_answer_was_lost_is_not_sent_twice(clouds: Connections, sandbox: RunningSandbox) -> None:
    fault = {"service": "cloudflare", "kind": "lost-answer", "method": "POST", "path": ".*/r2/buckets"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    bucket = r2.Bucket("studio-production")
    with pytest.raises(Unreachable):
        bucket.create(clouds)
    assert bucket.read(clouds) is not None
    posts = [entry for entry in sandbox.journal("cloudflare") if entry["method"] == "POST"]
    assert len(posts) <= 1


def test_a_bucket_name_that_is_taken_is_a_conflict(clouds: Connections) -> None:
    r2.Bucket("studio-production").create(clouds)
    with pytest.raises(Conflict) as caught:
        r2.Bucket("studio-production").create(clouds)
    assert caught.value.status == 409


@pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "-first", "last-", "a" * 64, "dot.ted", ""])
def test_a_bucket_name_that_r2_would_refuse_is_refused_before_any_request(name: str) -> None:
    with pytest.raises(InvalidValue):
        r2.Bucket(name)


def test_a_bucket_with_objects_stays_and_says_so(clouds: Connections, sandbox: RunningSandbox) -> None:
    token, state = made_token(clouds)
    store_of(clouds, sandbox, token, state).call("put_object", Key="assets/a", Body=b"x")
    bucket = r2.Bucket("studio-production")
    present = bucket.read(clouds)
    assert present is not None
    with pytest.raises(Conflict) as caught:
        bucket.delete(clouds, present)
    assert caught.value.entry == "bucket-not-empty"


def test_cors_rules_of_others_are_left_as_they_are(clouds: Connections) -> None:
    r2.Bucket("studio-production").create(clouds)
    allowed = {"methods": ["GET"], "origins": ["https://other.example.com"]}
    theirs = CorsRule.model_validate({"id": "theirs", "allowed": allowed})
    clouds.cloudflare.put_cors_rules("studio-production", [theirs])
    cors = r2.Cors("studio-production", ORIGIN)
    assert cors.read(clouds) is None
    cors.create(clouds)
    moved = r2.Cors("studio-production", "https://new.example.com")
    present = moved.read(clouds)
    assert present is not None
    assert [str(change) for change in moved.differences(present)] == [
        "origins: https://app.example.com → https://new.example.com"
    ]
    moved.update(clouds, present, moved.differences(present))
    rules = moved.read(clouds)
    assert rules is not None
    assert [rule.id for rule in rules] == ["theirs", "deploybook-app"]
    moved.delete(clouds, rules)
    assert clouds.cloudflare.cors_rules("studio-production") == (theirs,)


def test_a_page_of_the_app_may_upload_and_another_may_not(clouds: Connections, sandbox: RunningSandbox) -> None:
    token, state = made_token(clouds)
    store = store_of(clouds, sandbox, token, state)
    cors = r2.Cors("studio-production", ORIGIN)
    cors.read(clouds)
    cors.create(clouds)
    assert r2.presigned_put_works(store, ORIGIN)
    assert r2.other_origins_are_refused(store)
    with pytest.raises(VerificationFailed) as caught:
        r2.presigned_put_works(store, "https://moved.example.com")
    assert caught.value.entry == "cors"


def test_a_cors_rule_without_an_origin_waits() -> None:
    assert r2.Cors("studio-production", "").waits_for == "NEXT_PUBLIC_APP_URL"


def test_an_origin_with_a_path_is_refused() -> None:
    with pytest.raises(InvalidValue):
        r2.Cors("studio-production", "https://app.example.com/")


def test_a_presigned_url_of_more_than_seven_days_is_refused_before_it_is_signed(
    clouds: Connections, sandbox: RunningSandbox
) -> None:
    token, state = made_token(clouds)
    with pytest.raises(InvalidValue, match="700000"):
        store_of(clouds, sandbox, token, state).presign("get_object", "k", seconds=700_000)


def test_the_preflight_knows_a_good_token(clouds: Connections) -> None:
    assert r2.token_is_active(clouds.cloudflare) == "account-owned"
    assert "Account API Tokens Write" in r2.may_manage_r2(clouds.cloudflare)


def test_a_token_without_the_permission_is_named(
    sandbox: RunningSandbox, connect: Connect, clouds: Connections
) -> None:
    account = f"com.cloudflare.api.account.{clouds.cloudflare.account_id}"
    group = clouds.cloudflare.permission_group("Workers R2 Storage Write")
    read = clouds.cloudflare.permission_group("Account API Tokens Read")
    policy = {"effect": "allow", "resources": {account: "*"}, "permission_groups": [{"id": group}, {"id": read}]}
    made = clouds.cloudflare.create_token("weak", [policy])
    weak = connect(sandbox, CLOUDFLARE_API_TOKEN=made.value.get_secret_value())
    with pytest.raises(PermissionDenied, match="lacks Account API Tokens Write"):
        r2.may_manage_r2(weak.cloudflare)


def test_an_unknown_token_is_unauthorized_and_not_repeated_in_the_message(
    sandbox: RunningSandbox, connect: Connect
) -> None:
    stranger = connect(sandbox, CLOUDFLARE_API_TOKEN="canary-token-canary")
    with pytest.raises(Unauthorized) as caught:
        r2.token_is_active(stranger.cloudflare)
    assert "canary" not in "\n".join(caught.value.lines())
    assert "CLOUDFLARE_API_TOKEN" in caught.value.hint


def test_another_account_is_told_apart(sandbox: RunningSandbox, connect: Connect) -> None:
    elsewhere = connect(sandbox, CLOUDFLARE_ACCOUNT_ID="f" * 32)
    with pytest.raises((NotFound, PermissionDenied, Unauthorized)):
        r2.may_manage_r2(elsewhere.cloudflare)


def test_a_missing_token_is_named_before_any_request(sandbox: RunningSandbox, connect: Connect) -> None:
    with pytest.raises(MissingVariable, match="CLOUDFLARE_API_TOKEN"):
        _ = connect(sandbox, CLOUDFLARE_API_TOKEN="").cloudflare


def test_a_pasted_line_break_is_named_before_any_request(sandbox: RunningSandbox, connect: Connect) -> None:
    with pytest.raises(InvalidValue, match="white space"):
        _ = connect(sandbox, CLOUDFLARE_API_TOKEN="abc\n").cloudflare


def test_an_endpoint_that_is_not_the_api_is_named(sandbox: RunningSandbox, connect: Connect) -> None:
    wrong = connect(sandbox, CLOUDFLARE_API_URL=sandbox.exports["R2_ENDPOINT_URL"])
    with pytest.raises((NotFound, UnexpectedResponse)):
        wrong.cloudflare.buckets()


def test_an_unreachable_endpoint_is_one_sentence(sandbox: RunningSandbox, connect: Connect) -> None:
    nowhere = connect(sandbox, CLOUDFLARE_API_URL="http://127.0.0.1:9")
    nowhere.cloudflare.api.client = http.open_client("http://127.0.0.1:9", retry_seconds=0.5)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        nowhere.cloudflare.buckets()


def test_a_limit_is_waited_for(sandbox: RunningSandbox, clouds: Connections) -> None:
    fault = {"service": "cloudflare", "kind": "status", "status": 429, "headers": {"Retry-After": "0"}, "times": 2}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    assert clouds.cloudflare.buckets() == ()
