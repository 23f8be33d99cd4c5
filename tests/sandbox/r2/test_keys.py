"""S3 keys made of tokens: what they open, and when they stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deploybook.sandbox.r2.schema import error_xml
from deploybook.sandbox.r2.state import refusals

if TYPE_CHECKING:
    from tests.sandbox.r2.conftest import Storage

PATH = "/studio-audio/assets/voice.wav"


def test_a_key_writes_reads_lists_and_deletes_in_its_bucket(storage: Storage) -> None:
    key = storage.key()
    assert storage.send(key, "PUT", PATH, content=b"sound").status_code == 200
    assert storage.send(key, "GET", PATH).content == b"sound"
    assert storage.send(key, "HEAD", PATH).headers["content-length"] == "5"
    assert "<Key>assets/voice.wav</Key>" in storage.send(key, "GET", "/studio-audio?list-type=2").text
    assert storage.send(key, "DELETE", PATH).status_code == 204
    assert storage.send(key, "HEAD", PATH).status_code == 404


def test_a_key_answers_the_first_request_after_its_token(storage: Storage) -> None:
    assert storage.send(storage.key(), "GET", "/studio-audio?list-type=2").status_code == 200


def test_a_reading_key_cannot_write(storage: Storage, error: Any) -> None:
    storage.send(storage.key(), "PUT", PATH, content=b"sound").raise_for_status()
    reader = storage.key("read")
    assert storage.send(reader, "GET", PATH).content == b"sound"
    assert error(storage.send(reader, "PUT", "/studio-audio/assets/other.wav", content=b"x")) == (403, "AccessDenied")
    assert error(storage.send(reader, "DELETE", PATH)) == (403, "AccessDenied")
    assert storage.send(reader, "HEAD", PATH).status_code == 200


def test_a_key_opens_no_other_bucket_not_even_one_with_a_longer_name(storage: Storage, error: Any) -> None:
    storage.create("studio-audio-2")
    key = storage.key()
    assert error(storage.send(key, "GET", "/studio-audio-2?list-type=2")) == (403, "AccessDenied")
    assert error(storage.send(key, "PUT", "/studio-audio-2/a", content=b"x")) == (403, "AccessDenied")
    assert error(storage.send(key, "GET", "/nowhere?list-type=2")) == (403, "AccessDenied")


def test_a_key_cannot_copy_out_of_another_bucket(storage: Storage, error: Any) -> None:
    storage.create("private")
    admin = storage.key("admin")
    storage.send(admin, "PUT", "/private/secret", content=b"x").raise_for_status()
    copied = storage.send(storage.key(), "PUT", PATH, headers={"x-amz-copy-source": "/private/secret"})
    assert error(copied) == (403, "AccessDenied")
    assert storage.send(admin, "PUT", PATH, headers={"x-amz-copy-source": "/private/secret"}).status_code == 200


def test_a_denied_bucket_is_closed_to_an_administrators_key_and_cannot_be_copied_from(
    storage: Storage, error: Any
) -> None:
    storage.create("private")
    storage.send(storage.key("admin"), "PUT", "/private/secret", content=b"x").raise_for_status()
    key = storage.key("admin")
    path = f"/accounts/{storage.account}/tokens/{key.token_id}"
    token = storage.rest.get(path).json()["result"]
    denial = {
        "effect": "deny",
        "resources": {f"com.cloudflare.edge.r2.bucket.{storage.account}_default_private": "*"},
        "permission_groups": [{"id": "6a018a9f2fc74eb6b293b0c548f38b39"}],
    }
    body = {"name": "half", "policies": [*token["policies"], denial]}
    storage.rest.put(path, json=body).raise_for_status()
    assert error(storage.send(key, "GET", "/private/secret")) == (403, "AccessDenied")
    copied = storage.send(key, "PUT", PATH, headers={"x-amz-copy-source": "/private/secret"})
    assert error(copied) == (403, "AccessDenied")
    assert storage.send(key, "PUT", PATH, content=b"x").status_code == 200


@pytest.mark.parametrize("place", ["studio-audio", "default-studio-audio", "eu_studio-audio", "default_other", "_"])
def test_a_key_for_a_malformed_or_other_place_opens_nothing(storage: Storage, error: Any, place: str) -> None:
    assert error(storage.send(storage.key("write", place), "GET", "/studio-audio?list-type=2")) == (403, "AccessDenied")


def test_a_key_for_all_buckets_opens_later_ones_too(storage: Storage, error: Any) -> None:
    every = {f"com.cloudflare.api.account.{storage.account}": {"com.cloudflare.edge.r2.bucket.*": "*"}}
    key = storage.key_for("write", every)
    storage.create("later")
    assert storage.send(key, "PUT", "/later/a", content=b"x").status_code == 200
    assert error(storage.send(key, "GET", "/")) == (403, "AccessDenied")


def test_a_wrong_secret_is_refused_by_the_signature(storage: Storage, error: Any) -> None:
    key = storage.key()
    wrong = type(key)(key.token_id, key.value, "0" * 64)
    assert error(storage.send(wrong, "GET", "/studio-audio?list-type=2")) == (403, "SignatureDoesNotMatch")
    assert error(storage.send(wrong, "PUT", PATH, content=b"x")) == (403, "SignatureDoesNotMatch")


def test_the_token_value_itself_is_no_secret_and_neither_is_its_hash_hashed_again(storage: Storage, error: Any) -> None:
    key = storage.key()
    unhashed = type(key)(key.token_id, key.value, key.value)
    twice = type(key)(key.token_id, key.credentials.secret_key)
    for wrong in (unhashed, twice):
        assert error(storage.send(wrong, "GET", "/studio-audio?list-type=2")) == (403, "SignatureDoesNotMatch")


def test_an_unknown_key_is_unauthorized(storage: Storage, error: Any) -> None:
    stranger = type(storage.key())("f" * 32, "nothing")
    assert error(storage.send(stranger, "GET", PATH)) == (401, "Unauthorized")
    short = type(stranger)("AKIAIOSFODNN7EXAMPLE", "nothing")
    answer = storage.send(short, "GET", PATH)
    assert error(answer) == (400, "InvalidArgument")
    assert "has length 20, should be 32" in answer.text


def test_a_request_without_a_signature_is_refused(storage: Storage, error: Any) -> None:
    answer = storage.s3.get(storage.url + PATH)
    assert error(answer) == (400, "InvalidArgument")
    assert "<Message>Authorization</Message>" in answer.text


def test_rolling_a_token_keeps_the_key_id_and_changes_the_secret(storage: Storage, error: Any) -> None:
    key = storage.key()
    path = f"/accounts/{storage.account}/tokens/{key.token_id}/value"
    rolled = type(key)(key.token_id, storage.rest.put(path, json={}).json()["result"])
    assert error(storage.send(key, "GET", "/studio-audio?list-type=2")) == (403, "SignatureDoesNotMatch")
    assert storage.send(rolled, "GET", "/studio-audio?list-type=2").status_code == 200


def test_deleting_a_token_ends_its_key(storage: Storage, error: Any) -> None:
    key = storage.key()
    storage.rest.delete(f"/accounts/{storage.account}/tokens/{key.token_id}").raise_for_status()
    assert error(storage.send(key, "GET", "/studio-audio?list-type=2")) == (401, "Unauthorized")


def test_disabling_a_token_stops_its_key_and_enabling_it_lets_it_work_again(storage: Storage, error: Any) -> None:
    key = storage.key()
    path = f"/accounts/{storage.account}/tokens/{key.token_id}"
    token = storage.rest.get(path).json()["result"]
    storage.rest.put(path, json=token | {"status": "disabled"}).raise_for_status()
    assert error(storage.send(key, "GET", "/studio-audio?list-type=2")) == (401, "Unauthorized")
    storage.rest.put(path, json=token).raise_for_status()
    assert storage.send(key, "GET", "/studio-audio?list-type=2").status_code == 200


def test_buckets_are_listed_made_and_deleted_only_by_an_administrators_key(storage: Storage, error: Any) -> None:
    for key in (storage.key("write"), storage.key("read")):
        assert error(storage.send(key, "GET", "/")) == (403, "AccessDenied")
        assert error(storage.send(key, "PUT", "/another")) == (403, "AccessDenied")
        assert error(storage.send(key, "DELETE", "/studio-audio")) == (403, "AccessDenied")
    reader = storage.key("admin-read")
    assert "<Name>studio-audio</Name>" in storage.send(reader, "GET", "/").text
    assert error(storage.send(reader, "PUT", "/another")) == (403, "AccessDenied")
    admin = storage.key("admin")
    assert storage.send(admin, "PUT", "/another").status_code == 200
    assert storage.rest.get(f"/accounts/{storage.account}/r2/buckets/another").status_code == 200
    assert storage.send(admin, "DELETE", "/another").status_code == 204
    assert storage.rest.get(f"/accounts/{storage.account}/r2/buckets/another").status_code == 404


def test_a_wrong_secret_does_not_list_buckets(storage: Storage, error: Any) -> None:
    admin = storage.key("admin")
    assert error(storage.send(type(admin)(admin.token_id, "", "0" * 64), "GET", "/")) == (403, "SignatureDoesNotMatch")


def test_a_bucket_with_objects_is_deleted_by_neither_api(storage: Storage, error: Any) -> None:
    admin = storage.key("admin")
    storage.send(admin, "PUT", PATH, content=b"sound").raise_for_status()
    assert error(storage.send(admin, "DELETE", "/studio-audio")) == (409, "BucketNotEmpty")
    answer = storage.rest.delete(f"/accounts/{storage.account}/r2/buckets/studio-audio")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == 10008
    storage.send(admin, "DELETE", PATH).raise_for_status()
    assert storage.rest.delete(f"/accounts/{storage.account}/r2/buckets/studio-audio").status_code == 200


def test_a_missing_bucket_is_not_made_by_an_upload(storage: Storage, error: Any) -> None:
    assert error(storage.send(storage.key("admin"), "PUT", "/nowhere/a", content=b"x")) == (404, "NoSuchBucket")


def test_reset_empties_the_bucket_that_is_made_again(storage: Storage) -> None:
    storage.send(storage.key(), "PUT", PATH, content=b"sound").raise_for_status()
    storage.sandbox.reset()
    storage.create("studio-audio")
    assert "<Key>" not in storage.send(storage.key(), "GET", "/studio-audio?list-type=2").text


def test_every_refusal_is_worded_in_xml() -> None:
    kinds = [value for value in vars(refusals).values() if isinstance(value, refusals.Kind)]
    assert len(kinds) > 15
    for kind in kinds:
        assert f"<Code>{kind.name}</Code>".encode() in error_xml(refusals.R2Error(kind, "a < b"))
