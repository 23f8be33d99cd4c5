"""Who may call, and for whom: tokens, teams, limits, and what the sandbox doesn't have."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from tests.waiting import until


def test_token_missing_or_wrong_is_forbidden(vercel: Any) -> None:
    with vercel.client(None) as nobody, vercel.client("0" * 24) as stranger:
        missing, wrong = nobody.get("/v2/user"), stranger.get("/v2/user")
    vercel.refused(missing, 403, "forbidden")
    vercel.refused(wrong, 403, "forbidden")
    assert missing.json()["error"]["missingToken"] is True
    assert wrong.json()["error"]["invalidToken"] is True


def test_project_of_the_team_is_absent_without_the_team(vercel: Any) -> None:
    vercel.project()
    with vercel.client(vercel.sandbox.exports["VERCEL_TOKEN"]) as personal:
        vercel.refused(personal.get("/v9/projects/web"), 404, "not_found")
        assert personal.get("/v10/projects").json()["projects"] == []
        assert personal.post("/v11/projects", json={"name": "web"}).status_code == 200


def test_team_can_be_named_by_slug(vercel: Any) -> None:
    vercel.project()
    slug = vercel.api.get(f"/v2/teams/{vercel.team}").json()["slug"]
    with vercel.client(vercel.sandbox.exports["VERCEL_TOKEN"], slug=slug) as by_slug:
        assert by_slug.get("/v9/projects/web").json()["accountId"] == vercel.team


def test_another_team_is_forbidden(vercel: Any) -> None:
    with vercel.client(vercel.sandbox.exports["VERCEL_TOKEN"], teamId="team_other") as elsewhere:
        assert "under scope" in vercel.refused(elsewhere.get("/v10/projects"), 403, "forbidden")
    vercel.refused(vercel.api.get("/v2/teams/team_other"), 404, "not_found")


def test_user_and_teams_are_described(vercel: Any) -> None:
    user = vercel.done(vercel.api.get("/v2/user"))["user"]
    teams = vercel.done(vercel.api.get("/v2/teams"))["teams"]
    assert user["defaultTeamId"] == vercel.team == teams[0]["id"]


def test_token_of_a_team_acts_for_that_team_only(vercel: Any) -> None:
    made = vercel.done(vercel.api.post("/v3/user/tokens", json={"name": "ci"}))
    with (
        vercel.client(made["bearerToken"], teamId=vercel.team) as inside,
        vercel.client(made["bearerToken"]) as outside,
    ):
        assert inside.get("/v10/projects").status_code == 200
        assert inside.get("/v2/user").json()["user"]["limited"] is True
        assert outside.get("/v2/user").json()["user"]["limited"] is True
        vercel.refused(outside.get("/v10/projects"), 403, "forbidden")


def test_token_is_shown_once_and_worthless_when_deleted(vercel: Any) -> None:
    made = vercel.done(vercel.api.post("/v3/user/tokens", json={"name": "ci"}))
    identifier = made["token"]["id"]
    listed = vercel.api.get("/v5/user/tokens").text + vercel.api.get(f"/v5/user/tokens/{identifier}").text
    assert identifier in listed
    assert made["bearerToken"] not in listed
    assert vercel.done(vercel.api.delete(f"/v3/user/tokens/{identifier}")) == {"tokenId": identifier}
    with vercel.client(made["bearerToken"], teamId=vercel.team) as revoked:
        vercel.refused(revoked.get("/v10/projects"), 403, "forbidden")
    vercel.refused(vercel.api.delete(f"/v3/user/tokens/{identifier}"), 404, "not_found")


def test_token_ends_when_it_expires(vercel: Any) -> None:
    def token_until(end: float) -> str:
        body = {"name": "short", "expiresAt": int(end * 1000)}
        return str(vercel.done(vercel.api.post("/v3/user/tokens", json=body))["bearerToken"])

    with vercel.client(token_until(time.time() + 3600), teamId=vercel.team) as client:
        assert client.get("/v10/projects").status_code == 200
    soon = time.time() + 1
    with vercel.client(token_until(soon), teamId=vercel.team) as client:
        until(lambda: time.time() > soon, "the token's end")
        vercel.refused(client.get("/v10/projects"), 403, "forbidden")


def test_reset_forgets_all_but_the_operator(vercel: Any) -> None:
    domain = vercel.project()["name"] and vercel.api.get("/v9/projects/web/domains").json()["domains"][0]["name"]
    vercel.sandbox.reset()
    assert vercel.api.get("/v10/projects").json()["projects"] == []
    with pytest.raises(Exception, match=r"refused|reset|disconnected|EOF"):
        vercel.visit(domain)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/edge-config"),
        ("POST", "/v1/webhooks"),
        ("GET", "/v8/projects"),
        ("PUT", "/v9/projects/web"),
        ("GET", "/v10/projects?repo=studio/app"),
        ("GET", "/v6/deployments?rollbackCandidate=true"),
    ],
)
def test_what_the_sandbox_lacks_says_so(vercel: Any, method: str, path: str) -> None:
    bare, _, query = path.partition("?")
    answer = vercel.api.request(method, bare, params=httpx.QueryParams(query))
    message = vercel.refused(answer, 501, "not_implemented")
    assert "not implemented in the sandbox" in message
    assert bare in message


def test_a_call_without_token_learns_nothing_of_absent_paths(vercel: Any) -> None:
    with vercel.client(None) as nobody:
        vercel.refused(nobody.get("/v1/edge-config"), 403, "forbidden")


def test_over_the_limit_answers_429_with_the_time_to_wait(vercel: Any) -> None:
    project = vercel.project()["id"]
    body = {"key": "A", "value": "1", "type": "plain", "target": ["production"]}
    path = f"/v10/projects/{project}/env"
    answers = [vercel.api.post(path, json=body, params={"upsert": "true"}) for _ in range(121)]
    assert {answer.status_code for answer in answers[:120]} == {201}
    assert answers[0].headers["x-ratelimit-limit"] == "120"
    refused = answers[120]
    assert "exceeded for 'api-env-create'" in vercel.refused(refused, 429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["limit"]["total"] == 120
    assert refused.json()["error"]["limit"]["remaining"] == 0
    # Limits are counted for each kind of call.
    assert vercel.api.get(path).status_code == 200


def test_requests_are_journalled_without_query(vercel: Any) -> None:
    vercel.project()
    vercel.sandbox.control.delete("/journal")
    vercel.api.get("/v9/projects/web")
    entry = vercel.sandbox.journal("vercel")[-1]
    assert entry["method"] == "GET"
    assert entry["path"] == "/v9/projects/web"
    assert entry["status"] == 200
    assert entry["writes"] is False
