"""Services: creation, conflicts, listing, changes and removal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.render.conftest import Render


def test_create_answers_201_with_service_and_the_first_deploy(render: Render) -> None:
    created = render.create()
    assert created["id"].startswith("srv-")
    assert created["deployId"].startswith("dep-")
    assert created["serviceDetails"]["envSpecificDetails"]["dockerfilePath"] == "./worker/Dockerfile"
    assert render.settled(created["id"], created["deployId"])["status"] == "live"


def test_a_name_is_unique_in_the_workspace(render: Render) -> None:
    render.create()
    from_again = render.api.post("/services", json=body(render))
    assert from_again.status_code == 409
    assert "message" in from_again.json()


def body(render: Render, **changes: Any) -> dict[str, Any]:
    details = {"runtime": "docker", "plan": "starter", "envSpecificDetails": {"dockerfilePath": "worker/Dockerfile"}}
    common = {"type": "background_worker", "name": "studio-worker", "ownerId": render.owner, "serviceDetails": details}
    return common | {"repo": "https://github.com/studio/app"} | changes


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"autoDeploy": "no", "autoDeployTrigger": "off"}, 400, "cannot both"),
        ({"name": ""}, 400, "name"),
        ({"ownerId": "tea-00000000000000000000"}, 400, "tea-"),
        ({"repo": "not a repo"}, 400, "repo"),
        ({"repo": ""}, 400, "repo"),
        ({"serviceDetails": {}}, 400, "runtime"),
        ({"serviceDetails": {"runtime": "docker", "plan": "free"}}, 400, "plan"),
        ({"serviceDetails": {"runtime": "docker", "region": "mars"}}, 400, "region"),
        ({"serviceDetails": {"runtime": "docker", "numInstances": 0}}, 400, "numInstances"),
        ({"serviceDetails": {"runtime": "docker", "dockerfile": "x"}}, 400, "unknown field dockerfile"),
        ({"colour": "blue"}, 400, "unknown field colour"),
        ({"envVars": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]}, 400, "unique"),
        ({"envVars": [{"key": "A B", "value": "1"}]}, 400, "key"),
        ({"envVars": [{"key": "A", "value": 1}]}, 400, "value"),
        ({"type": "web_service"}, 501, "not implemented in the sandbox"),
        ({"secretFiles": [{"name": "a", "content": "b"}]}, 501, "not implemented in the sandbox"),
        ({"serviceDetails": {"runtime": "node"}}, 501, "not implemented in the sandbox"),
    ],
)
def test_a_create_request_is_refused(render: Render, changes: dict[str, Any], status: int, word: str) -> None:
    refused = render.api.post("/services", json=body(render, **changes))
    assert refused.status_code == status, refused.text
    assert word in refused.json()["message"], refused.text
    assert render.api.get("/services").json() == []


def test_null_lists_are_accepted_as_the_terraform_provider_sends_them(render: Render) -> None:
    assert render.api.post("/services", json=body(render, envVars=None, secretFiles=None)).status_code == 201


def test_a_body_that_is_not_json_is_refused(render: Render) -> None:
    assert render.api.post("/services", content=b"{").status_code == 400


def test_auto_deploy_by_its_trigger_is_read_back_as_auto_deploy(render: Render) -> None:
    created = render.create(autoDeployTrigger="off")
    assert created["autoDeploy"] == "no"


def test_an_image_backed_worker_shows_its_full_image_path(render: Render) -> None:
    image = {"ownerId": render.owner, "imagePath": "nginx"}
    details = {"runtime": "image", "plan": "starter", "envSpecificDetails": {}}
    changes = {"image": image, "serviceDetails": details, "repo": None}
    created = render.api.post("/services", json=body(render, **changes)).json()
    assert created["service"]["imagePath"] == "docker.io/library/nginx:latest"
    assert "repo" not in created["service"]


def test_list_filters_by_name_type_and_owner(render: Render) -> None:
    created = render.create()
    render.create(name="other")
    for query in ({"name": "studio-worker"}, {"name": "studio-worker,absent"}, {"name": ["studio-worker", "absent"]}):
        response = render.api.get("/services", params=query | {"ownerId": render.owner, "type": "background_worker"})
        assert [item["service"]["id"] for item in response.json()] == [created["id"]]
    assert render.api.get("/services", params={"type": "web_service"}).json() == []
    assert render.api.get("/services", params={"ownerId": "tea-other"}).json() == []


def test_pages_follow_the_last_cursor_and_end_with_an_empty_one(render: Render) -> None:
    made = [render.create(name=f"worker-{number}")["id"] for number in range(5)]
    ids, cursor = [], None
    for _ in range(4):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        items = render.api.get("/services", params=query).json()
        ids += [item["service"]["id"] for item in items]
        if not items:
            break
        cursor = items[-1]["cursor"]
    assert items == []
    assert ids == made[::-1]


def test_a_cursor_survives_the_removal_of_its_service(render: Render) -> None:
    made = [render.create(name=f"worker-{number}")["id"] for number in range(3)]
    first = render.api.get("/services", params={"limit": 1}).json()[0]
    render.api.delete(f"/services/{first['service']['id']}")
    rest = render.api.get("/services", params={"cursor": first["cursor"]}).json()
    assert [item["service"]["id"] for item in rest] == [made[1], made[0]]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "%%%"}])
def test_a_bad_page_is_refused(render: Render, query: dict[str, Any]) -> None:
    assert render.api.get("/services", params=query).status_code == 400


def test_a_filter_that_is_not_applied_says_so(render: Render) -> None:
    assert render.api.get("/services", params={"environmentId": "evm-1"}).status_code == 501


def test_patch_changes_what_it_names_and_deploys_nothing(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    docker = {"dockerCommand": "node worker.js"}
    changes = {"name": "renamed", "serviceDetails": {"plan": "standard", "envSpecificDetails": docker}}
    patched = render.api.patch(f"/services/{created['id']}", json=changes).json()
    assert patched["name"] == "renamed"
    assert patched["serviceDetails"]["plan"] == "standard"
    kept = {"dockerCommand": "node worker.js", "dockerContext": ".", "dockerfilePath": "./worker/Dockerfile"}
    assert patched["serviceDetails"]["envSpecificDetails"] == kept
    assert len(render.api.get(f"/services/{created['id']}/deploys").json()) == 1


def test_patch_refuses_what_only_create_may_set_and_a_taken_name(render: Render) -> None:
    created = render.create()
    render.create(name="taken")
    path = f"/services/{created['id']}"
    assert render.api.patch(path, json={"type": "web_service"}).status_code == 400
    assert render.api.patch(path, json={"serviceDetails": {"region": "ohio"}}).status_code == 400
    assert render.api.patch(path, json={"name": "taken"}).status_code == 409
    assert render.api.patch(path, json={"name": "studio-worker"}).status_code == 200


def test_delete_answers_204_and_the_name_is_free_again(render: Render) -> None:
    created = render.create()
    assert render.api.delete(f"/services/{created['id']}").status_code == 204
    gone = render.api.get(f"/services/{created['id']}")
    assert gone.status_code == 404
    assert gone.json() == {"message": f"not found: {created['id']}"}
    render.create()


def test_scale_changes_the_number_of_running_instances(render: Render) -> None:
    created = render.create()
    render.settled(created["id"])
    path = f"/services/{created['id']}"
    assert len(render.api.get(f"{path}/instances").json()) == 1
    scaled = render.api.post(f"{path}/scale", json={"numInstances": 3})
    assert scaled.status_code == 202
    assert scaled.content == b""
    assert len(render.api.get(f"{path}/instances").json()) == 3
    assert render.api.post(f"{path}/scale", json={"numInstances": 0}).status_code == 400


def test_every_answer_matches_the_description(render: Render) -> None:
    if render.description is None:
        pytest.skip("../shared/specs is absent")
    before = render.description.checked
    render.create()
    assert render.description.checked == before + 1
