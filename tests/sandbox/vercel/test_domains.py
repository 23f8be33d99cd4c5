"""Domains of a project, aliases, and which deployment answers under which name."""

from __future__ import annotations

import re
from typing import Any

import pytest

DOMAINS = "/v9/projects/web/domains"


def assigned(vercel: Any) -> str:
    return str(vercel.api.get(DOMAINS).json()["domains"][-1]["name"])


def test_production_domain_is_there_from_the_start(vercel: Any) -> None:
    vercel.project()
    domains = vercel.done(vercel.api.get(DOMAINS))["domains"]
    assert len(domains) == 1
    assert re.fullmatch(r"127\.0\.0\.1:\d+", domains[0]["name"])
    assert domains[0]["verified"] is True
    config = vercel.done(vercel.api.get(f"/v6/domains/{domains[0]['name']}/config"))
    assert config["misconfigured"] is False


def test_site_is_not_found_before_a_production_deployment(vercel: Any) -> None:
    vercel.project()
    answer = vercel.visit(assigned(vercel))
    assert answer.status_code == 404
    assert answer.headers["x-vercel-error"] == "DEPLOYMENT_NOT_FOUND"
    vercel.settled(vercel.deploy(target="preview")["id"])
    assert vercel.visit(assigned(vercel)).status_code == 404


def test_added_domain_shows_production_at_once(vercel: Any) -> None:
    vercel.project()
    vercel.ready()
    added = vercel.done(vercel.api.post("/v10/projects/web/domains", json={"name": "App.example.com"}))
    assert added["name"] == "app.example.com"
    assert added["apexName"] == "example.com"
    assert added["verified"] is True
    assert vercel.visit(assigned(vercel), host="app.example.com").text == "<h1>studio</h1>"
    assert vercel.done(vercel.api.get("/v6/domains/app.example.com/config"))["misconfigured"] is True
    assert vercel.done(vercel.api.post(f"{DOMAINS}/app.example.com/verify"))["verified"] is True
    assert vercel.done(vercel.api.get(f"{DOMAINS}/app.example.com"))["projectId"] == added["projectId"]


def test_domain_of_another_project_conflicts(vercel: Any) -> None:
    vercel.project()
    vercel.project("other")
    vercel.done(vercel.api.post("/v10/projects/web/domains", json={"name": "app.example.com"}))
    for project in ("web", "other"):
        again = vercel.api.post(f"/v10/projects/{project}/domains", json={"name": "app.example.com"})
        vercel.refused(again, 409, "domain_already_in_use")


@pytest.mark.parametrize("name", ["nodots", "a_b.example.com", "-a.example.com", "https://app.example.com", "a..b.com"])
def test_malformed_domain_is_refused(vercel: Any, name: str) -> None:
    vercel.project()
    vercel.refused(vercel.api.post("/v10/projects/web/domains", json={"name": name}), 400, "invalid_domain")


def test_redirect_goes_to_a_domain_of_the_project(vercel: Any) -> None:
    vercel.project()
    vercel.ready()
    for name in ("app.example.com", "www.example.com"):
        vercel.done(vercel.api.post("/v10/projects/web/domains", json={"name": name}))
    path = f"{DOMAINS}/www.example.com"
    vercel.refused(vercel.api.patch(path, json={"redirect": "else.example.com"}), 400, "invalid_redirect")
    vercel.done(vercel.api.patch(path, json={"redirect": "app.example.com", "redirectStatusCode": 308}))
    answer = vercel.visit(assigned(vercel), "/x", host="www.example.com")
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://app.example.com/x"


def test_removed_domain_shows_nothing(vercel: Any) -> None:
    vercel.project()
    vercel.ready()
    vercel.done(vercel.api.post("/v10/projects/web/domains", json={"name": "app.example.com"}))
    assert vercel.api.delete(f"{DOMAINS}/app.example.com").status_code == 200
    assert vercel.visit(assigned(vercel), host="app.example.com").status_code == 404
    vercel.refused(vercel.api.delete(f"{DOMAINS}/app.example.com"), 404, "not_found")
    vercel.refused(vercel.api.delete(f"{DOMAINS}/{assigned(vercel)}"), 400, "bad_request")


def test_alias_list_has_the_production_domain(vercel: Any) -> None:
    made = vercel.project()
    deployment = vercel.ready()
    aliases = vercel.done(vercel.api.get("/v4/aliases", params={"projectId": made["id"]}))["aliases"]
    assert [(one["alias"], one["deploymentId"]) for one in aliases] == [(assigned(vercel), deployment["id"])]
    own = vercel.done(vercel.api.get(f"/v2/deployments/{deployment['id']}/aliases"))["aliases"]
    assert [one["alias"] for one in own] == deployment["alias"] == [assigned(vercel)]


def test_alias_by_hand_conflicts_with_itself_and_can_be_deleted(vercel: Any) -> None:
    vercel.project()
    deployment = vercel.ready()
    path = f"/v2/deployments/{deployment['id']}/aliases"
    alias = vercel.done(vercel.api.post(path, json={"alias": "beta.example.com"}))
    vercel.refused(vercel.api.post(path, json={"alias": "beta.example.com"}), 409, "conflict")
    later = vercel.ready()
    moved = vercel.done(vercel.api.post(f"/v2/deployments/{later['id']}/aliases", json={"alias": "beta.example.com"}))
    assert moved["oldDeploymentId"] == deployment["id"]
    assert vercel.done(vercel.api.delete(f"/v2/aliases/{alias['uid']}")) == {"status": "SUCCESS"}
    vercel.refused(vercel.api.delete(f"/v2/aliases/{alias['uid']}"), 404, "not_found")


def test_a_deployment_that_is_not_ready_takes_no_alias(vercel: Any) -> None:
    vercel.project()
    path = f"/v2/deployments/{vercel.deploy()['id']}/aliases"
    vercel.refused(vercel.api.post(path, json={"alias": "beta.example.com"}), 400, "deployment_not_ready")


def test_promotion_points_production_at_an_older_deployment(vercel: Any) -> None:
    made = vercel.project()
    first, second = vercel.ready({"index.html": "1"}), vercel.ready({"index.html": "2"})
    assert vercel.visit(assigned(vercel)).text == "2"
    path = f"/v10/projects/{made['id']}/promote"
    vercel.refused(vercel.api.post(f"{path}/{second['id']}"), 409, "conflict")
    assert vercel.api.post(f"{path}/{first['id']}").status_code == 201
    assert vercel.visit(assigned(vercel)).text == "1"
    assert vercel.api.get(f"/v13/deployments/{second['id']}").json()["alias"] == []
    assert vercel.api.get("/v9/projects/web").json()["targets"]["production"]["id"] == first["id"]
