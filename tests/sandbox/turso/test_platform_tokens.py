"""Platform tokens: minted, shown once, scoped, revoked."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


def mint(turso: Any, name: str, **restriction: Any) -> httpx.Response:
    response: httpx.Response = turso.api.post(f"/v1/auth/api-tokens/{name}", json=restriction or None)
    return response


def scoped(turso: Any, *scopes: str) -> httpx.Client:
    """A caller with a token pinned to the group ``default``."""
    answer = mint(turso, "-".join(scopes), organization=turso.organization, group="default", scopes=list(scopes))
    client: httpx.Client = turso.as_token(answer.json()["token"])
    return client


@pytest.mark.parametrize("secret", ["-", "nonsense", "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.e30.AAAA"])
def test_request_without_a_valid_token_is_unauthorized(turso: Any, secret: str) -> None:
    with turso.as_token(secret) as caller:
        assert caller.get("/v1/organizations").status_code == 401
        assert caller.get(f"{turso.base}/databases").status_code == 401
        assert caller.get("/v1/auth/validate").status_code == 401


def test_request_without_credentials_or_with_another_scheme_is_unauthorized(turso: Any) -> None:
    secret = turso.sandbox.exports["TURSO_API_TOKEN"]
    assert turso.api.get("/v1/organizations", headers={"Authorization": ""}).status_code == 401
    assert turso.api.get("/v1/organizations", headers={"Authorization": f"Basic {secret}"}).status_code == 401


def test_database_token_is_no_platform_token(turso: Any) -> None:
    turso.create_group()
    turso.create_database()
    with turso.as_token(turso.token()) as caller:
        assert caller.get(f"{turso.base}/databases").status_code == 401


def test_validate_tells_that_the_operator_token_never_expires(turso: Any) -> None:
    assert turso.api.get("/v1/auth/validate").json() == {"exp": -1}


def test_minted_token_works_and_is_shown_once(turso: Any) -> None:
    minted = mint(turso, "ci", organization=turso.organization).json()
    with turso.as_token(minted["token"]) as caller:
        assert caller.get(f"{turso.base}/groups").status_code == 200
    listed = turso.api.get("/v1/auth/api-tokens")
    assert minted["token"] not in listed.text
    (token_view,) = [token for token in listed.json()["tokens"] if token["name"] == "ci"]
    assert token_view["id"] == minted["id"]
    assert token_view["organization"] == turso.organization
    assert minted["token"] not in turso.api.get(f"{turso.base}/api-tokens").text


def test_mint_twice_under_one_name_returns_conflict(turso: Any) -> None:
    mint(turso, "ci", organization=turso.organization)
    assert mint(turso, "ci", organization=turso.organization).status_code == 409


def test_restricted_token_cannot_mint_a_wider_one(turso: Any) -> None:
    assert mint(turso, "unrestricted").status_code == 403
    assert mint(turso, "elsewhere", organization="someone-else").status_code == 403


def test_revoked_token_stops_working(turso: Any) -> None:
    by_name = mint(turso, "by-name", organization=turso.organization).json()
    by_id = mint(turso, "by-id", organization=turso.organization).json()
    assert turso.api.delete("/v1/auth/api-tokens/by-name").json() == {"token": "by-name"}
    assert turso.api.delete(f"{turso.base}/api-tokens/{by_id['id']}").json() == {"token": by_id["id"]}
    for minted in (by_name, by_id):
        with turso.as_token(minted["token"]) as caller:
            assert caller.get("/v1/auth/validate").status_code == 401
    assert turso.api.delete("/v1/auth/api-tokens/by-name").status_code == 404


def test_group_token_needs_known_scopes_and_an_existing_group(turso: Any) -> None:
    turso.create_group()
    group = {"organization": turso.organization, "group": "default"}
    assert mint(turso, "none", **group).status_code == 400
    assert mint(turso, "unknown", **group, scopes=["db:drop"]).status_code == 400
    assert mint(turso, "lost", organization=turso.organization, group="lost", scopes=["read"]).status_code == 404
    assert mint(turso, "homeless", group="default", scopes=["read"]).status_code == 400


def test_preset_is_stored_as_its_scopes(turso: Any) -> None:
    turso.create_group()
    scoped(turso, "full-access").close()
    (token_view,) = [token for token in turso.api.get("/v1/auth/api-tokens").json()["tokens"] if token.get("group")]
    assert len(token_view["scopes"]) == 9
    assert "full-access" not in token_view["scopes"]


def test_read_only_group_token_reads_and_changes_nothing(turso: Any) -> None:
    turso.create_group()
    turso.create_database()
    with scoped(turso, "read-only") as caller:
        assert caller.get(f"{turso.base}/databases/jobs").status_code == 200
        assert caller.post(f"{turso.base}/databases", json={"name": "two", "group": "default"}).status_code == 403
        assert caller.post(f"{turso.base}/databases/jobs/auth/tokens").status_code == 403
        assert caller.post(f"{turso.base}/databases/jobs/auth/rotate").status_code == 403
        assert caller.delete(f"{turso.base}/databases/jobs").status_code == 403


def test_minting_and_rotating_are_separate_scopes(turso: Any) -> None:
    turso.create_group()
    turso.create_database()
    with scoped(turso, "db:mint-token") as caller:
        assert caller.post(f"{turso.base}/databases/jobs/auth/tokens").status_code == 200
        assert caller.post(f"{turso.base}/databases/jobs/auth/rotate").status_code == 403
        assert caller.post(f"{turso.base}/groups/default/auth/tokens").status_code == 403


def test_no_scope_reaches_groups_organizations_or_platform_tokens(turso: Any) -> None:
    turso.create_group()
    with scoped(turso, "full-access") as caller:
        body = {"name": "second", "location": "aws-us-east-1"}
        assert caller.post(f"{turso.base}/groups", json=body).status_code == 403
        assert caller.delete(f"{turso.base}/groups/default").status_code == 403
        assert caller.get("/v1/organizations").status_code == 403
        assert caller.get("/v1/auth/api-tokens").status_code == 403
        minted = caller.post("/v1/auth/api-tokens/more", json={"organization": turso.organization})
        assert minted.status_code == 403


def test_deleting_the_group_revokes_its_tokens_for_good(turso: Any) -> None:
    turso.create_group()
    with scoped(turso, "read") as caller:
        turso.api.delete(f"{turso.base}/groups/default")
        turso.create_group()
        assert caller.get(f"{turso.base}/groups/default").status_code == 401
