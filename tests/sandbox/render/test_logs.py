"""Logs and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.render.conftest import Render


def test_owner_and_resource_are_required(render: Render) -> None:
    service = render.create()["id"]
    assert render.api.get("/logs", params={"resource": service}).status_code == 400
    assert render.api.get("/logs", params={"ownerId": render.owner}).status_code == 400
    assert render.api.get("/logs", params={"ownerId": "tea-x", "resource": service}).status_code == 404
    assert render.api.get("/logs", params={"ownerId": render.owner, "resource": "srv-x"}).status_code == 404


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_pages_by_time_hold_every_line_once(render: Render, direction: str) -> None:
    service = render.create()["id"]
    render.settled(service)
    whole = render.messages(service)
    query: dict[str, Any] = {"ownerId": render.owner, "resource": service, "direction": direction, "limit": 2}
    messages: list[str] = []
    while True:
        page = render.api.get("/logs", params=query).json()
        messages += [line["message"] for line in page["logs"]]
        if not page["hasMore"]:
            break
        query |= {"startTime": page["nextStartTime"], "endTime": page["nextEndTime"]}
    assert messages == (whole if direction == "forward" else whole[::-1])
    assert len(whole) > 4


def test_the_most_recent_lines_come_first_unless_asked_otherwise(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    logs = render.api.get("/logs", params={"ownerId": render.owner, "resource": service, "limit": 1}).json()["logs"]
    assert logs[0]["message"] == "[Worker] Started, polling every 3000ms"
    labels = {label["name"]: label["value"] for label in logs[0]["labels"]}
    assert labels["instance"] == render.api.get(f"/services/{service}/instances").json()[0]["id"]


def test_filters_by_type_text_and_pattern(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    started = ["[Worker] Started, polling every 3000ms"]
    for query in ({"type": "app"}, {"text": "polling every"}, {"text": "Started*3000ms"}, {"text": r"/\d{4}ms$/"}):
        assert render.messages(service, **query) == started
    assert render.messages(service, statusCode="200") == []
    for query, status in (({"text": "/(/"}, 400), ({"task": "x"}, 501), ({"direction": "up"}, 400)):
        params = {"ownerId": render.owner, "resource": service} | query
        assert render.api.get("/logs", params=params).status_code == status


def test_the_values_of_a_label(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    params = {"ownerId": render.owner, "resource": service, "label": "type"}
    assert render.api.get("/logs/values", params=params).json() == ["app", "build"]


def test_no_value_of_a_variable_stands_in_the_log(render: Render) -> None:
    variables = [{"key": "TURSO_DATABASE_URL", "value": "libsql://canary"}, {"key": "S", "value": "canary-secret"}]
    service = render.create(envVars=variables)["id"]
    render.settled(service)
    assert not [line for line in render.messages(service) if "canary" in line]


def test_events_list_the_history_newest_first(render: Render) -> None:
    service = render.create()["id"]
    render.settled(service)
    render.api.post(f"/services/{service}/suspend")
    items = render.api.get(f"/services/{service}/events").json()
    kinds = [item["event"]["type"] for item in items]
    assert kinds == ["service_suspended", "deploy_ended", "build_ended", "build_started", "deploy_started"]
    only = render.api.get(f"/services/{service}/events", params={"type": "build_ended"}).json()
    assert [item["event"]["details"]["buildStatus"] for item in only] == ["succeeded"]
    event = items[1]["event"]
    assert render.api.get(f"/events/{event['id']}").json() == event
    assert render.api.get("/events/evt-00000000000000000000").status_code == 404
