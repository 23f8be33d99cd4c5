"""Actions secrets: sealed by the client, opened here, never shown again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from nacl.public import PrivateKey, SealedBox

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub


def test_a_new_secret_is_201_and_a_changed_one_204(github: GitHub) -> None:
    assert github.put_secret("VERCEL_TOKEN", "one") == 201
    assert github.put_secret("vercel_token", "two") == 204
    listed = github.api.get(f"{github.repo}/actions/secrets").json()
    assert listed["total_count"] == 1
    assert [secret["name"] for secret in listed["secrets"]] == ["VERCEL_TOKEN"]


def test_the_value_is_shown_nowhere(github: GitHub) -> None:
    github.put_secret("A", "canary")
    for path in ("/actions/secrets", "/actions/secrets/A"):
        assert "canary" not in github.api.get(github.repo + path).text
    assert github.api.get(f"{github.repo}/actions/secrets/A").json().keys() == {"name", "created_at", "updated_at"}


def test_delete_is_204_and_then_404(github: GitHub) -> None:
    github.put_secret("A", "x")
    path = f"{github.repo}/actions/secrets/A"
    assert [github.api.delete(path).status_code, github.api.delete(path).status_code] == [204, 404]
    assert github.api.get(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"encrypted_value": base64.b64encode(b"plain text").decode()},
        {"encrypted_value": "not base64!"},
        {"encrypted_value": ""},
        {"encrypted_value": 1},
        {"key_id": "123"},
        {"visibility": "all"},
    ],
)
def test_what_cannot_be_opened_is_422(github: GitHub, change: dict[str, Any]) -> None:
    refused = github.api.put(f"{github.repo}/actions/secrets/A", json=github.seal("x") | change)
    assert refused.status_code == 422
    assert github.api.get(f"{github.repo}/actions/secrets").json()["total_count"] == 0


def test_a_box_sealed_with_another_key_is_422(github: GitHub) -> None:
    body = github.seal("x")
    sealed = SealedBox(PrivateKey.generate().public_key).encrypt(b"x")
    refused = github.api.put(
        f"{github.repo}/actions/secrets/A", json=body | {"encrypted_value": base64.b64encode(sealed).decode()}
    )
    assert refused.status_code == 422


@pytest.mark.parametrize("field", ["encrypted_value", "key_id"])
def test_both_fields_are_required(github: GitHub, field: str) -> None:
    body = github.seal("x")
    del body[field]
    refused = github.api.put(f"{github.repo}/actions/secrets/A", json=body)
    assert refused.status_code == 422
    assert (f'"{field}" wasn\'t supplied' in refused.json()["message"]) is True


@pytest.mark.parametrize("name", ["1A", "A-B", "GITHUB_TOKEN", "github_x", "A%20B"])
def test_a_bad_name_is_422(github: GitHub, name: str) -> None:
    assert github.put_secret(name, "x") == 422


def test_a_value_over_48_kilobytes_is_422(github: GitHub) -> None:
    assert github.put_secret("A", "x" * 48 * 1024) == 201
    assert github.put_secret("B", "x" * (48 * 1024 + 1)) == 422


def test_pages_link_to_the_next_and_the_last(github: GitHub) -> None:
    for number in range(5):
        github.put_secret(f"S{number}", "x")
    path, names = f"{github.repo}/actions/secrets?per_page=2", []
    first = github.api.get(path)
    assert 'rel="last"' in first.headers["Link"]
    answer = first
    while True:
        names += [secret["name"] for secret in answer.json()["secrets"]]
        if "next" not in answer.links:
            break
        answer = github.api.get(answer.links["next"]["url"])
    assert names == [f"S{number}" for number in range(5)]
    assert {"prev", "first"} == set(answer.links)


def test_the_public_key_stays_over_a_reset_and_secrets_do_not(github: GitHub) -> None:
    key = github.api.get(f"{github.repo}/actions/secrets/public-key").json()
    github.put_secret("A", "x")
    github.sandbox.reset()
    assert github.api.get(f"{github.repo}/actions/secrets/public-key").json() == key
    assert github.api.get(f"{github.repo}/actions/secrets").json() == {"total_count": 0, "secrets": []}
