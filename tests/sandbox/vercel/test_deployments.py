"""Deployments: files, states, failures, and the variables that each one sees."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from tests.waiting import PATIENCE_SECONDS, until

PAGE = b"<h1>from a file</h1>"
DIGEST = hashlib.sha1(PAGE, usedforsecurity=False).hexdigest()


def upload(vercel: Any, content: bytes, **headers: str) -> Any:
    sent = {"content-type": "application/octet-stream"} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    return vercel.api.post("/v2/files", content=content, headers=sent)


def test_file_is_kept_only_under_its_own_digest(vercel: Any) -> None:
    vercel.refused(upload(vercel, PAGE, x_vercel_digest="0" * 40), 400, "invalid_digest")
    vercel.refused(upload(vercel, PAGE), 400, "invalid_digest")
    assert upload(vercel, PAGE, x_vercel_digest=DIGEST).status_code == 200
    assert upload(vercel, PAGE, x_now_digest=DIGEST, x_now_size=str(len(PAGE))).status_code == 200
    vercel.refused(upload(vercel, PAGE, x_now_digest=DIGEST, x_now_size="1"), 400, "invalid_size")


def test_missing_files_are_named_and_then_deployed(vercel: Any) -> None:
    vercel.project()
    files = [{"file": "index.html", "sha": DIGEST, "size": len(PAGE)}]
    body = {"name": "web", "project": "web", "target": "production", "files": files}
    refused = vercel.api.post("/v13/deployments", json=body)
    vercel.refused(refused, 400, "missing_files")
    assert refused.json()["error"]["missing"] == [DIGEST]
    upload(vercel, PAGE, x_vercel_digest=DIGEST)
    made = vercel.settled(vercel.done(vercel.api.post("/v13/deployments", json=body))["id"])
    assert vercel.visit(made["alias"][0]).content == PAGE


def test_states_pass_in_order_and_names_come_after_ready(vercel: Any) -> None:
    vercel.project()
    with vercel.sandbox.stopped_clock() as step:
        made = vercel.deploy()
        assert made["readyState"] == "QUEUED"
        assert made["alias"] == []
        assert made["aliasAssigned"] is False
        for state in ("INITIALIZING", "BUILDING", "READY"):
            step()
            entered = vercel.until(made["id"], lambda one: one["readyState"] == state)  # noqa: B023 - called at once
            assert entered["aliasAssigned"] is False
    assert vercel.settled(made["id"])["readyState"] == "READY"
    assert "://" not in made["url"]
    assert made["id"].startswith("dpl_")


def test_a_failing_build_script_ends_in_error_and_leaves_production_alone(vercel: Any) -> None:
    vercel.project()
    good = vercel.ready()
    broken = vercel.deploy({"package.json": json.dumps({"scripts": {"build": "echo no && exit 3"}}), "index.html": "x"})
    failed = vercel.settled(broken["id"])
    assert failed["readyState"] == "ERROR"
    assert failed["errorCode"] == "BUILD_UTILS_SPAWN_3"
    assert failed["errorMessage"] == 'Command "npm run build" exited with 3'
    assert failed["aliasAssigned"] is False
    assert vercel.visit(good["alias"][0]).text == "<h1>studio</h1>"
    assert vercel.visit(failed["url"]).status_code == 404
    log = vercel.api.get(f"/v3/deployments/{broken['id']}/events", params={"builds": "1"}).json()
    assert any("exited with 3" in event["payload"]["text"] for event in log)


def test_the_project_s_build_command_can_fail_too(vercel: Any) -> None:
    vercel.project(buildCommand="false")
    assert vercel.settled(vercel.deploy()["id"])["readyState"] == "ERROR"
    settings = {"projectSettings": {"buildCommand": "true"}}
    assert vercel.settled(vercel.deploy(**settings)["id"])["readyState"] == "READY"


def test_a_build_failure_can_be_injected_once(vercel: Any) -> None:
    vercel.project()
    vercel.fault(service="vercel-build", kind="status", path="/web", body="Out of memory")
    failed = vercel.settled(vercel.deploy()["id"])
    assert failed["readyState"] == "ERROR"
    assert failed["errorMessage"] == "Out of memory"
    assert vercel.ready()["readyState"] == "READY"


def test_a_fault_of_the_api_is_not_spent_by_a_build(vercel: Any) -> None:
    vercel.project()
    [domain] = vercel.done(vercel.api.get("/v9/projects/web/domains"))["domains"]
    made = vercel.deploy()
    vercel.fault(service="vercel", kind="status", status=503)
    # No call of the API may see the end of the build: the fault would strike it.
    until(lambda: vercel.visit(domain["name"]).status_code == 200, "the end of the build")
    with vercel.client(vercel.sandbox.exports["VERCEL_TOKEN"], teamId=vercel.team) as api:
        api.event_hooks = {"response": []}
        assert api.get(f"/v13/deployments/{made['id']}").status_code == 503
        assert api.get(f"/v13/deployments/{made['id']}").json()["readyState"] == "READY"


def test_deployment_sees_the_variables_of_its_moment(vercel: Any) -> None:
    vercel.project()
    vercel.variable("A", "1")
    vercel.variable("PREVIEW_ONLY", "1", target=["preview"])
    first = vercel.deploy()
    vercel.variable("B", "2")
    second = vercel.deploy()
    assert first["env"] == ["A"]
    assert second["env"] == ["A", "B"]
    assert vercel.api.get(f"/v13/deployments/{first['id']}").json()["env"] == ["A"]


def test_redeployment_takes_the_files_of_then_and_the_variables_of_now(vercel: Any) -> None:
    vercel.project()
    first = vercel.ready({"index.html": "same"})
    vercel.variable("A", "1")
    body = {"name": "web", "deploymentId": first["id"]}
    again = vercel.done(vercel.api.post("/v13/deployments", params={"forceNew": "1"}, json=body))
    assert again["env"] == ["A"]
    assert again["source"] == "redeploy"
    assert again["target"] == "production"
    assert vercel.settled(again["id"])["readyState"] == "READY"
    assert vercel.visit(first["alias"][0]).text == "same"


def test_an_unchanged_deployment_is_given_back_unless_a_new_one_is_forced(vercel: Any) -> None:
    vercel.project()
    first = vercel.ready()
    vercel.variable("A", "1")
    unchanged = vercel.deploy(force_new=False, meta={"run": "second"})
    assert unchanged["id"] == first["id"]
    assert unchanged["env"] == []
    forced = vercel.deploy()
    assert forced["id"] != first["id"]
    assert forced["env"] == ["A"]


def test_a_redeployment_that_is_not_forced_is_the_deployment_itself(vercel: Any) -> None:
    vercel.project()
    first = vercel.ready()
    body = {"name": "web", "deploymentId": first["id"]}
    assert vercel.done(vercel.api.post("/v13/deployments", json=body))["id"] == first["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"index.html": "changed"}},
        {"target": "preview"},
        {"env": {"A": "1"}},
        {"projectSettings": {"buildCommand": "true"}},
    ],
)
def test_a_deployment_of_other_files_or_settings_is_new_without_force(vercel: Any, change: dict[str, Any]) -> None:
    vercel.project()
    first = vercel.ready()
    assert vercel.deploy(force_new=False, **change)["id"] != first["id"]


def test_a_deployment_that_failed_is_not_given_back(vercel: Any) -> None:
    vercel.project()
    vercel.fault(service="vercel-build", kind="status", path="/web")
    failed = vercel.settled(vercel.deploy()["id"])
    assert vercel.deploy(force_new=False)["id"] != failed["id"]


def test_files_that_were_replaced_meanwhile_are_deployed_anew(vercel: Any) -> None:
    vercel.project()
    first = vercel.ready({"index.html": "one"})
    vercel.ready({"index.html": "two"})
    again = vercel.settled(vercel.deploy({"index.html": "one"}, force_new=False)["id"])
    assert again["id"] != first["id"]
    assert vercel.visit(again["alias"][0]).text == "one"


def test_an_older_build_that_ends_later_does_not_take_production_back(vercel: Any) -> None:
    vercel.project()
    vercel.fault(service="vercel-build", kind="slow", seconds=PATIENCE_SECONDS, path="/web")
    slow = vercel.deploy({"index.html": "old"})
    until(lambda: not vercel.sandbox.control.get("/faults").json(), "the build that is slow")
    quick = vercel.ready({"index.html": "new"})
    vercel.sandbox.control.delete("/faults").raise_for_status()
    assert vercel.settled(slow["id"])["alias"] == []
    assert vercel.visit(quick["alias"][0]).text == "new"


def test_a_deployment_without_automatic_domains_is_staged_until_somebody_promotes_it(vercel: Any) -> None:
    vercel.project()
    serving = vercel.ready({"index.html": "old"})
    assert serving["readySubstate"] == "PROMOTED"
    vercel.done(vercel.api.patch("/v9/projects/web", json={"autoAssignCustomDomains": False}))
    made = vercel.deploy({"index.html": "new"})["id"]
    staged = vercel.until(made, lambda deployment: deployment.get("readySubstate") == "STAGED")
    assert staged["readyState"] == "READY"
    assert staged["aliasAssigned"] is False
    assert vercel.visit(serving["alias"][0]).text == "old"
    assert vercel.api.post(f"/v10/projects/web/promote/{made}").status_code == 201
    promoted = vercel.done(vercel.api.get(f"/v13/deployments/{made}"))
    assert promoted["readySubstate"] == "PROMOTED"
    assert promoted["aliasAssigned"] is True
    assert vercel.visit(serving["alias"][0]).text == "new"


def test_preview_has_its_own_url_only(vercel: Any) -> None:
    vercel.project(ssoProtection=None)
    preview = vercel.settled(vercel.deploy({"index.html": "preview"}, target="preview")["id"])
    assert preview["alias"] == []
    assert "target" not in preview
    assert vercel.visit(preview["url"]).text == "preview"
    assert vercel.visit(preview["url"], "/absent").headers["x-vercel-error"] == "NOT_FOUND"


def test_plain_page_stands_where_a_git_deployment_left_no_files(vercel: Any) -> None:
    made = vercel.project(gitRepository={"type": "github", "repo": "studio/app"})
    source = {"type": "github", "org": "studio", "repo": "app", "ref": "main"}
    body = {"name": "web", "project": made["id"], "target": "production", "gitSource": source}
    deployment = vercel.settled(vercel.done(vercel.api.post("/v13/deployments", json=body))["id"])
    assert deployment["gitSource"]["repoId"] == made["link"]["repoId"]
    page = vercel.visit(deployment["alias"][0])
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["server"] == "Vercel"


def test_git_source_needs_the_linked_repository(vercel: Any) -> None:
    vercel.project()
    source = {"type": "github", "org": "studio", "repo": "app", "ref": "main"}
    body = {"name": "web", "project": "web", "gitSource": source}
    assert "isn't connected" in vercel.refused(
        vercel.api.post("/v13/deployments", json=body), 400, "incorrect_git_source_info"
    )
    vercel.project("linked", gitRepository={"type": "github", "repo": "studio/other"})
    body = {"name": "linked", "project": "linked", "gitSource": source}
    assert "is not the repository" in vercel.refused(
        vercel.api.post("/v13/deployments", json=body), 400, "incorrect_git_source_info"
    )


def test_first_deployment_must_say_how_to_build(vercel: Any) -> None:
    vercel.done(vercel.api.post("/v11/projects", json={"name": "web"}))
    body = {"name": "web", "project": "web", "files": [{"file": "index.html", "data": "x"}]}
    vercel.refused(vercel.api.post("/v13/deployments", json=body), 400, "missing_project_settings")
    settings = {"projectSettings": {"framework": None}}
    vercel.done(vercel.api.post("/v13/deployments", json=body | settings))
    vercel.done(vercel.api.post("/v13/deployments", json=body))


def test_deployment_of_an_unknown_name_makes_the_project(vercel: Any) -> None:
    body = {"name": "fresh", "files": [{"file": "index.html", "data": "x"}]}
    skip = {"skipAutoDetectionConfirmation": "1"}
    made = vercel.done(vercel.api.post("/v13/deployments", json=body, params=skip))
    assert vercel.api.get("/v9/projects/fresh").json()["id"] == made["projectId"]
    named = vercel.api.post("/v13/deployments", json=body | {"project": "absent"}, params=skip)
    vercel.refused(named, 404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"files": None},
        {"files": [{"file": "../x", "data": ""}]},
        {"files": [{"file": "/etc/x", "data": ""}]},
        {"files": [{"file": "x", "data": "!", "encoding": "base64"}]},
        {"files": [{"file": "x", "data": "", "colour": "red"}]},
        {"target": "staging-2"},
        {"colour": "red"},
    ],
)
def test_malformed_deployment_is_refused(vercel: Any, change: dict[str, Any]) -> None:
    vercel.project()
    body = {"name": "web", "project": "web", "files": [{"file": "index.html", "data": "x"}]}
    vercel.refused(vercel.api.post("/v13/deployments", json=body | change), 400, "bad_request")
    assert vercel.api.get("/v6/deployments").json()["deployments"] == []


def test_cancelled_deployment_never_becomes_ready(vercel: Any) -> None:
    vercel.project()
    with vercel.sandbox.stopped_clock():
        made = vercel.deploy()
        cancelled = vercel.done(vercel.api.patch(f"/v12/deployments/{made['id']}/cancel"))
    assert cancelled["readyState"] == "CANCELED"
    # It began before one that is ready now.
    vercel.ready()
    assert vercel.api.get(f"/v13/deployments/{made['id']}").json()["readyState"] == "CANCELED"
    vercel.refused(vercel.api.patch(f"/v12/deployments/{made['id']}/cancel"), 400, "bad_request")


def test_deleted_production_deployment_leaves_the_domain_empty(vercel: Any) -> None:
    vercel.project()
    made = vercel.ready()
    gone = vercel.done(vercel.api.delete(f"/v13/deployments/{made['id']}"))
    assert gone == {"uid": made["id"], "state": "DELETED"}
    assert vercel.visit(made["alias"][0]).status_code == 404
    vercel.refused(vercel.api.get(f"/v13/deployments/{made['id']}"), 404, "not_found")


def test_list_uses_uid_filters_and_pages(vercel: Any) -> None:
    project = vercel.project()
    made = [vercel.deploy(), vercel.deploy(target="preview"), vercel.deploy()]
    for one in made:
        vercel.settled(one["id"])
    query = {"projectId": project["id"], "limit": 2}
    first = vercel.done(vercel.api.get("/v6/deployments", params=query))
    assert [one["uid"] for one in first["deployments"]] == [made[2]["id"], made[1]["id"]]
    assert "id" not in first["deployments"][0]
    second = vercel.done(vercel.api.get("/v6/deployments", params=query | {"until": first["pagination"]["next"]}))
    assert [one["uid"] for one in second["deployments"]] == [made[0]["id"]]
    production = vercel.done(vercel.api.get("/v6/deployments", params={"target": "production", "state": "READY"}))
    assert len(production["deployments"]) == 2
    vercel.refused(vercel.api.get("/v6/deployments", params={"projectId": "absent"}), 404, "not_found")


def test_deployment_is_found_by_url_and_by_alias(vercel: Any) -> None:
    vercel.project()
    made = vercel.ready()
    for name in (made["url"], made["alias"][0]):
        assert vercel.done(vercel.api.get(f"/v13/deployments/{name}"))["id"] == made["id"]


def test_events_come_as_a_list_or_follow_until_the_end(vercel: Any) -> None:
    vercel.project()
    made = vercel.deploy()
    path = f"/v3/deployments/{made['id']}/events"
    with vercel.api.stream("GET", path, params={"follow": "1"}) as stream:
        lines = [json.loads(line) for line in stream.iter_lines()]
    texts = [line["payload"]["text"] for line in lines]
    assert texts[-1] == "Deployment completed"
    backward = vercel.api.get(path, params={"direction": "backward", "limit": "2"}).json()
    assert [event["payload"]["text"] for event in backward] == texts[:-3:-1]


def test_runtime_log_has_the_requests(vercel: Any) -> None:
    project = vercel.project()
    made = vercel.ready()
    vercel.visit(made["alias"][0], "/absent")
    answer = vercel.api.get(f"/v1/projects/{project['id']}/deployments/{made['id']}/runtime-logs")
    line = json.loads(answer.text.splitlines()[-1])
    assert line["requestPath"] == "/absent"
    assert line["responseStatusCode"] == 404
    assert line["domain"] == made["alias"][0]


def test_visits_are_not_journalled_as_calls_of_the_api(vercel: Any) -> None:
    vercel.project()
    made = vercel.ready()
    vercel.sandbox.control.delete("/journal")
    vercel.visit(made["alias"][0])
    assert vercel.sandbox.journal("vercel") == []
    assert len(vercel.sandbox.journal("vercel-site")) == 1
