"""Tokens, permissions, limits, and what is not implemented."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from deploybook.sandbox.github.state.tokens import Token, Tokens

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub


def test_a_wrong_token_is_401(github: GitHub) -> None:
    refused = github.api.get(github.repo, headers={"Authorization": "Bearer github_pat_wrong"})
    assert refused.status_code == 401
    assert refused.json()["message"] == "Bad credentials"
    assert refused.json()["status"] == "401"


def test_to_a_stranger_the_private_repository_does_not_exist(github: GitHub) -> None:
    with httpx.Client(base_url=github.api.base_url, trust_env=False) as stranger:
        assert stranger.get(github.repo).status_code == 404
        assert stranger.put(f"{github.repo}/actions/secrets/A", json={}).status_code == 401
        assert stranger.get("/user").status_code == 401


def test_another_repository_is_404(github: GitHub) -> None:
    for path in ("/repos/studio/other", "/repos/other/app/actions/secrets"):
        assert github.api.get(path).status_code == 404
        assert github.api.get(path).json()["message"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "permissions"),
    [
        ("GET", "/actions/secrets", {"contents": "write"}),
        ("PUT", "/actions/secrets/A", {"secrets": "read"}),
        ("DELETE", "/actions/secrets/A", {"secrets": "read"}),
        ("GET", "/contents/README.md", {"secrets": "write"}),
        ("PUT", "/contents/new.md", {"contents": "read"}),
        ("PUT", "/contents/.github/workflows/deploy.yml", {"contents": "write"}),
        ("GET", "/actions/runs", {"contents": "write"}),
        ("POST", "/actions/workflows/deploy.yml/dispatches", {"actions": "read"}),
    ],
)
def test_a_missing_permission_is_403(github: GitHub, method: str, path: str, permissions: dict[str, str]) -> None:
    body = {"message": "m", "content": "YQ=="} if "contents" in path else {}
    with github.token(**permissions) as limited:
        refused = limited.request(method, github.repo + path, json=body or None)
    expected = (403, "Resource not accessible by personal access token")
    assert (refused.status_code, refused.json()["message"]) == expected
    assert "=" in refused.headers["X-Accepted-GitHub-Permissions"]


def test_metadata_comes_with_every_token(github: GitHub) -> None:
    with github.token(secrets="read") as limited:
        assert limited.get(github.repo).json()["default_branch"] == "main"
        assert limited.get("/user").json()["login"] == "studio"


def test_the_operator_may_not_dispatch_by_api(github: GitHub) -> None:
    github.push()
    refused = github.api.post(f"{github.repo}/actions/workflows/deploy.yml/dispatches", json={"ref": "main"})
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "actions=write"


def test_the_token_page_wants_the_operator_and_known_permissions(github: GitHub) -> None:
    page = "/settings/personal-access-tokens/new"
    with github.token(secrets="read") as limited:
        assert limited.post(page, data={"secrets": "write"}).status_code == 401
    assert github.api.post(page, data={"everything": "write"}).status_code == 422


def test_a_request_without_user_agent_is_refused(github: GitHub) -> None:
    assert github.api.get(github.repo, headers={"User-Agent": ""}).status_code == 403


@pytest.mark.parametrize(
    ("version", "status"), [("2022-11-28", 200), ("2026-03-10", 200), ("2020-01-01", 400), ("v3", 400)]
)
def test_the_version_header_is_read(github: GitHub, version: str, status: int) -> None:
    assert github.api.get(github.repo, headers={"X-GitHub-Api-Version": version}).status_code == status


def test_answers_carry_the_primary_limit(github: GitHub) -> None:
    headers = github.api.get(github.repo).headers
    assert headers["X-RateLimit-Limit"] == "5000"
    assert int(headers["X-RateLimit-Remaining"]) + int(headers["X-RateLimit-Used"]) == 5000
    assert 3500 < int(headers["X-RateLimit-Reset"]) - time.time() <= 3601
    assert headers["X-RateLimit-Resource"] == "core"


def test_writes_have_a_secondary_limit_of_eighty_a_minute(github: GitHub) -> None:
    path = f"{github.repo}/actions/secrets/A"
    statuses = [github.api.delete(path).status_code for _ in range(81)]
    assert statuses == [404] * 80 + [429]
    refused = github.api.delete(path)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "secondary rate limit" in refused.json()["message"]


@pytest.mark.parametrize("path", ["/repos/studio/app/issues", "/orgs/studio"])
def test_what_is_not_implemented_says_so(github: GitHub, path: str) -> None:
    answer = github.api.get(path)
    expected = (501, f"not implemented in the sandbox: GET {path}")
    assert (answer.status_code, answer.json()["message"]) == expected


def test_the_operators_token_keeps_its_value_when_edited_and_is_as_issued_after_a_reset() -> None:
    tokens = Tokens()
    issued = tokens.operator
    tokens.edit_operator({"contents": "write"}, classic=True)
    assert tokens.find(issued.value) == Token(issued.value, {"metadata": "read", "contents": "write"}, classic=True)
    tokens.clear()
    assert tokens.operator == issued
