"""Environment variables: types, conflicts, and what can be read back."""

from __future__ import annotations

from typing import Any

import pytest

ENV = "/v10/projects/web/env"


def item(key: str = "TOKEN", value: str = "s3cret", **more: Any) -> dict[str, Any]:
    return {"key": key, "value": value, "type": "encrypted", "target": ["production"], **more}


def create(vercel: Any, *items: dict[str, Any], upsert: bool = False) -> Any:
    body: Any = items[0] if len(items) == 1 else list(items)
    return vercel.api.post(ENV, json=body, params={"upsert": "true"} if upsert else {})


def test_one_variable_is_created_as_an_object_and_many_as_an_array(vercel: Any) -> None:
    vercel.project()
    one, many = create(vercel, item()), create(vercel, item("A"), item("B", target=["preview"]))
    assert one.status_code == many.status_code == 201
    assert one.json()["created"]["key"] == "TOKEN"
    assert one.json()["failed"] == []
    assert [variable["key"] for variable in many.json()["created"]] == ["A", "B"]


def test_the_same_name_conflicts_without_upsert(vercel: Any) -> None:
    vercel.project()
    create(vercel, item())
    message = vercel.refused(create(vercel, item(value="other")), 400, "ENV_CONFLICT")
    assert "already exists for the target production" in message
    assert create(vercel, item(target=["preview"])).status_code == 201


def test_upsert_writes_over_and_keeps_the_id(vercel: Any) -> None:
    vercel.project()
    old = create(vercel, item()).json()["created"]
    new = create(vercel, item(value="new"), upsert=True).json()["created"]
    assert old["id"] == new["id"]
    assert vercel.api.get(f"/v1/projects/web/env/{old['id']}").json()["value"] == "new"
    assert len(vercel.api.get(ENV).json()["envs"]) == 1


def test_upsert_that_would_narrow_another_variable_is_refused(vercel: Any) -> None:
    vercel.project()
    create(vercel, item(target=["production", "preview"]))
    vercel.refused(create(vercel, item(), upsert=True), 400, "ENV_CONFLICT")


def test_part_of_an_array_can_fail_inside_a_201(vercel: Any) -> None:
    vercel.project()
    create(vercel, item("A"))
    answer = create(vercel, item("A"), item("B"))
    assert answer.status_code == 201
    assert [one["key"] for one in answer.json()["created"]] == ["B"]
    assert [one["error"]["code"] for one in answer.json()["failed"]] == ["ENV_CONFLICT"]
    all_failed = create(vercel, item("A"), item("B"))
    vercel.refused(all_failed, 400, "ENV_CONFLICT")
    assert len(all_failed.json()["failed"]) == 2


def test_sensitive_value_is_never_readable_again(vercel: Any) -> None:
    vercel.project()
    answer = create(vercel, item(type="sensitive"))
    identifier = answer.json()["created"]["id"]
    by_id = vercel.api.get(f"/v1/projects/web/env/{identifier}")
    bodies = [
        answer.text,
        by_id.text,
        vercel.api.get(ENV).text,
        vercel.api.get(ENV, params={"decrypt": "true"}).text,
        vercel.api.get("/v9/projects/web").text,
        vercel.api.get("/v3/env/pull/web/production").text,
        vercel.api.patch(f"/v9/projects/web/env/{identifier}", json={"comment": "x"}).text,
    ]
    assert not any("s3cret" in text for text in bodies)
    assert "value" not in by_id.json()
    vercel.refused(vercel.api.patch(f"/v9/projects/web/env/{identifier}", json={"type": "plain"}), 400, "BAD_REQUEST")


def test_sensitive_refuses_development(vercel: Any) -> None:
    vercel.project()
    vercel.refused(create(vercel, item(type="sensitive", target=["development"])), 400, "BAD_REQUEST")
    made = create(vercel, item(type="sensitive")).json()["created"]["id"]
    changed = vercel.api.patch(f"/v9/projects/web/env/{made}", json={"target": ["production", "development"]})
    vercel.refused(changed, 400, "BAD_REQUEST")


def test_encrypted_value_is_shown_only_when_decrypted(vercel: Any) -> None:
    vercel.project()
    made = create(vercel, item()).json()["created"]
    assert made["value"] != "s3cret"
    assert vercel.api.get(ENV).json()["envs"][0]["value"] == made["value"]
    assert vercel.api.get(ENV, params={"decrypt": "true"}).json()["envs"][0]["value"] == "s3cret"
    assert vercel.api.get(f"/v1/projects/web/env/{made['id']}").json()["value"] == "s3cret"
    assert create(vercel, item("PLAIN", "open", type="plain")).json()["created"]["value"] == "open"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "secret"}, "bad_request"),
        ({"target": ["prod"]}, "bad_request"),
        ({"comment": "x" * 501}, "bad_request"),
        ({"colour": "red"}, "bad_request"),
        ({"value": 7}, "bad_request"),
        ({"target": None}, "bad_request"),
        ({"target": []}, "MISSING_TARGET"),
        ({"key": "1A"}, "KEY_INVALID_CHARACTERS"),
        ({"key": "A-B"}, "KEY_INVALID_CHARACTERS"),
        ({"key": "TZ"}, "RESERVED_ENV_VARIABLE"),
        ({"value": "x" * (64 * 1024 + 1)}, "VALUE_INVALID_LENGTH"),
        ({"gitBranch": "main"}, "BAD_REQUEST"),
        ({"customEnvironmentIds": ["env_1"]}, "BAD_REQUEST"),
    ],
)
def test_what_vercel_refuses_is_refused(vercel: Any, change: dict[str, Any], code: str) -> None:
    vercel.project()
    vercel.refused(create(vercel, item() | change), 400, code)
    assert vercel.api.get(ENV).json()["envs"] == []


@pytest.mark.parametrize("name", ["key", "value", "type", "target"])
def test_a_missing_member_is_named(vercel: Any, name: str) -> None:
    vercel.project()
    body = {key: value for key, value in item().items() if key != name}
    assert f"`{name}`" in vercel.refused(create(vercel, body), 400, "bad_request")


def test_edit_changes_what_is_given(vercel: Any) -> None:
    vercel.project()
    made = create(vercel, item(comment="first")).json()["created"]
    path = f"/v9/projects/web/env/{made['id']}"
    changed = vercel.done(vercel.api.patch(path, json={"value": "new", "target": ["preview", "production"]}))
    assert changed["target"] == ["production", "preview"]
    assert changed["comment"] == "first"
    assert changed["type"] == "encrypted"
    create(vercel, item("OTHER"))
    vercel.refused(vercel.api.patch(path, json={"key": "OTHER"}), 400, "ENV_CONFLICT")
    vercel.refused(vercel.api.patch("/v9/projects/web/env/nothing", json={"value": "x"}), 404, "not_found")


def test_delete_answers_with_the_variable(vercel: Any) -> None:
    vercel.project()
    made = create(vercel, item()).json()["created"]
    assert vercel.done(vercel.api.delete(f"/v9/projects/web/env/{made['id']}"))["key"] == "TOKEN"
    vercel.refused(vercel.api.delete(f"/v9/projects/web/env/{made['id']}"), 404, "not_found")
    vercel.refused(vercel.api.get(f"/v1/projects/web/env/{made['id']}"), 404, "not_found")


def test_many_are_deleted_together_or_not_at_all(vercel: Any) -> None:
    vercel.project()
    ids = [one["id"] for one in create(vercel, item("A"), item("B")).json()["created"]]
    answer = vercel.api.request("DELETE", "/v1/projects/web/env", json={"ids": [*ids, "nothing"]})
    vercel.refused(answer, 404, "not_found")
    assert len(vercel.api.get(ENV).json()["envs"]) == 2
    result = vercel.done(vercel.api.request("DELETE", "/v1/projects/web/env", json={"ids": ids}))
    assert result == {"deleted": 2, "ids": ids}


def test_list_comes_whole_or_in_pages(vercel: Any) -> None:
    vercel.project()
    create(vercel, *[item(f"A{number}") for number in range(5)])
    whole = vercel.api.get(ENV).json()
    assert len(whole["envs"]) == 5
    assert "pagination" not in whole
    first = vercel.api.get(ENV, params={"limit": 3}).json()
    second = vercel.api.get(ENV, params={"limit": 3, "until": first["pagination"]["next"]}).json()
    assert [one["key"] for one in first["envs"] + second["envs"]] == ["A4", "A3", "A2", "A1", "A0"]
    assert second["pagination"]["next"] is None


def test_branch_variable_needs_a_repository_and_wins_over_the_general_one(vercel: Any) -> None:
    vercel.project(gitRepository={"type": "github", "repo": "studio/app"})
    create(vercel, item(value="general", target=["preview"]))
    assert create(vercel, item(value="branch", target=["preview"], gitBranch="dev")).status_code == 201
    assert vercel.api.get("/v3/env/pull/web/preview/dev").json()["env"] == {"TOKEN": "branch"}
    assert vercel.api.get("/v3/env/pull/web/preview").json()["env"] == {"TOKEN": "general"}
