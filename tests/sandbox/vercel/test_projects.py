"""Projects: names, settings, lists, protection."""

from __future__ import annotations

from typing import Any

import pytest


def test_created_project_is_found_by_id_and_name(vercel: Any) -> None:
    made = vercel.project()
    assert made["id"].startswith("prj_")
    assert made["accountId"] == vercel.team
    by_id, by_name = vercel.api.get(f"/v9/projects/{made['id']}"), vercel.api.get("/v9/projects/web")
    assert by_id.json()["id"] == by_name.json()["id"] == made["id"]
    assert by_id.json()["framework"] == "nextjs"


def test_a_taken_name_conflicts(vercel: Any) -> None:
    vercel.project()
    vercel.refused(vercel.api.post("/v11/projects", json={"name": "web"}), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "missing required property `name`"),
        ({"name": "web", "colour": "red"}, "should NOT have additional property `colour`"),
        ({"name": "web", "gitRepository": {"repo": "a/b"}}, "missing required property `gitRepository.type`"),
        ({"name": "web", "framework": "next"}, "`framework` should be equal to one of the allowed values"),
        ({"name": "web", "buildCommand": "x" * 257}, "`buildCommand` should NOT be longer than 256 characters"),
        ({"name": 7}, "`name` is not valid"),
        ([], "not valid"),
    ],
)
def test_a_malformed_body_is_refused(vercel: Any, body: Any, sentence: str) -> None:
    message = vercel.refused(vercel.api.post("/v11/projects", json=body), 400, "bad_request")
    assert sentence in message
    assert vercel.api.get("/v10/projects").json()["projects"] == []


@pytest.mark.parametrize("name", ["Web", "a---b", "a b", "ü"])
def test_a_malformed_name_is_refused(vercel: Any, name: str) -> None:
    vercel.refused(vercel.api.post("/v11/projects", json={"name": name}), 400, "invalid_project_name")


def test_settings_change_and_a_name_can_be_changed_once_free(vercel: Any) -> None:
    vercel.project()
    vercel.project("other")
    changed = vercel.done(vercel.api.patch("/v9/projects/web", json={"name": "studio", "buildCommand": "make"}))
    assert changed["name"] == "studio"
    assert changed["buildCommand"] == "make"
    assert changed["framework"] == "nextjs"
    vercel.refused(vercel.api.patch("/v9/projects/studio", json={"name": "other"}), 409, "conflict")
    vercel.refused(vercel.api.patch("/v9/projects/studio", json={"nme": "x"}), 400, "bad_request")
    vercel.refused(vercel.api.patch("/v9/projects/studio", json={"skewProtectionMaxAge": 9}), 501, "not_implemented")


def test_deleted_project_is_gone_with_its_deployments_and_site(vercel: Any) -> None:
    vercel.project()
    deployment = vercel.ready()
    assert vercel.api.delete("/v9/projects/web").status_code == 204
    vercel.refused(vercel.api.get("/v9/projects/web"), 404, "not_found")
    vercel.refused(vercel.api.get(f"/v13/deployments/{deployment['id']}"), 404, "not_found")
    assert vercel.api.get("/v4/aliases").json()["aliases"] == []
    vercel.refused(vercel.api.delete("/v9/projects/web"), 404, "not_found")
    vercel.project()


def test_list_searches_and_goes_on_by_from(vercel: Any) -> None:
    for number in range(5):
        vercel.project(f"web-{number}")
    vercel.project("other")
    first = vercel.done(vercel.api.get("/v10/projects", params={"search": "web", "limit": "3"}))
    assert [one["name"] for one in first["projects"]] == ["web-4", "web-3", "web-2"]
    rest = {"search": "web", "limit": "3", "from": first["pagination"]["next"]}
    second = vercel.done(vercel.api.get("/v10/projects", params=rest))
    assert [one["name"] for one in second["projects"]] == ["web-1", "web-0"]
    assert second["pagination"]["next"] is None
    vercel.refused(vercel.api.get("/v10/projects", params={"limit": "101"}), 400, "bad_request")


def test_project_starts_with_variables_and_a_linked_repository(vercel: Any) -> None:
    variables = [{"key": "A", "value": "1", "target": "production", "type": "plain"}]
    repository = {"type": "github", "repo": "studio/app"}
    made = vercel.project(environmentVariables=variables, gitRepository=repository)
    assert made["link"]["org"] == "studio"
    assert made["link"]["repo"] == "app"
    assert made["link"]["type"] == "github"
    assert [one["key"] for one in made["env"]] == ["A"]


def test_a_bad_variable_leaves_no_project_behind(vercel: Any) -> None:
    body = {"name": "web", "environmentVariables": [{"key": "1A", "value": "", "target": "production"}]}
    vercel.refused(vercel.api.post("/v11/projects", json=body), 400, "KEY_INVALID_CHARACTERS")
    vercel.refused(vercel.api.get("/v9/projects/web"), 404, "not_found")


def test_plans_that_the_team_lacks_are_refused(vercel: Any) -> None:
    vercel.project()
    password = {"passwordProtection": {"deploymentType": "all", "password": "x"}}
    assert vercel.api.patch("/v9/projects/web", json=password).status_code == 428


def test_protection_guards_deployment_urls_until_the_bypass_is_shown(vercel: Any) -> None:
    vercel.project()
    deployment = vercel.ready()
    domain = vercel.api.get("/v9/projects/web/domains").json()["domains"][0]["name"]
    assert vercel.visit(domain).status_code == 200
    assert vercel.visit(deployment["url"]).status_code == 401
    made = vercel.done(vercel.api.patch("/v1/projects/web/protection-bypass", json={"generate": {}}))
    secret = next(iter(made["protectionBypass"]))
    assert vercel.visit(deployment["url"], x_vercel_protection_bypass=secret).status_code == 200
    assert vercel.visit(deployment["url"], x_vercel_protection_bypass=secret[:-1]).status_code == 401
    revoke = {"revoke": {"secret": secret, "regenerate": False}}
    assert vercel.done(vercel.api.patch("/v1/projects/web/protection-bypass", json=revoke))["protectionBypass"] == {}
    assert vercel.visit(deployment["url"], x_vercel_protection_bypass=secret).status_code == 401


def test_protection_of_all_guards_the_production_domain_and_none_guards_nothing(vercel: Any) -> None:
    vercel.project()
    deployment = vercel.ready()
    domain = deployment["alias"][0]
    vercel.done(vercel.api.patch("/v9/projects/web", json={"ssoProtection": {"deploymentType": "all"}}))
    assert vercel.visit(domain).status_code == 401
    vercel.done(vercel.api.patch("/v9/projects/web", json={"ssoProtection": None}))
    assert vercel.visit(domain).status_code == vercel.visit(deployment["url"]).status_code == 200
