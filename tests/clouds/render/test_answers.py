"""Render's answers as they are: statuses that end a wait, a deploy that another one replaces, lists, and refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from deploybook.clouds import render
from deploybook.clouds.api import Api
from deploybook.clouds.render.client import Render
from deploybook.clouds.render.refusals import REFUSALS, explain
from deploybook.clouds.render.waiting import DeployState, follow
from deploybook.clouds.render.worker import WorkerState
from deploybook.errors import PermissionDenied, ServiceError, UnexpectedResponse

Answer = Callable[[httpx.Request], httpx.Response]
WORKER = WorkerState("srv-1", "tea-1", render.Settings("studio/web"))


def client(answer: Answer) -> Render:
    transport = httpx.Client(base_url="https://api.render.com/v1", transport=httpx.MockTransport(answer))
    return Render(Api("Render", transport, explain, "RENDER_API_KEY", "RENDER_API_URL", REFUSALS))


@pytest.fixture(autouse=True)
def instantly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sleeps finds the time gone by at once."""
    clock = [0.0]
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr("time.monotonic", lambda: clock[0])


def followed(
    statuses: dict[str, list[str]], newest: str = "dep-1", seconds: float = 60, events: Sequence[Any] = ()
) -> DeployState:
    """Follow dep-1 through its statuses, one an answer; ``newest`` heads the list of deploys."""

    def answer(request: httpx.Request) -> httpx.Response:
        last = request.url.path.rpartition("/")[2]
        if last == "logs":
            return httpx.Response(200, json={"logs": [{"message": "npm ci failed", "timestamp": "1"}]})
        if last == "events":
            return httpx.Response(200, json=list(events))
        if last == "deploys":
            return httpx.Response(200, json=[{"deploy": {"id": newest, "status": "created"}, "cursor": "c"}])
        remaining = statuses[last]
        return httpx.Response(
            200, json={"id": last, "status": remaining.pop(0) if len(remaining) > 1 else remaining[0]}
        )

    return follow(client(answer), WORKER, "dep-1", seconds, lambda _: None)


def test_every_status_on_the_way_is_waited_for() -> None:
    way = ["created", "queued", "build_in_progress", "pre_deploy_in_progress", "update_in_progress", "live"]
    assert followed({"dep-1": way}).status == "live"


@pytest.mark.parametrize("status", ["build_failed", "update_failed", "pre_deploy_failed", "canceled", "deactivated"])
def test_every_bad_end_ends_the_wait_with_the_log(status: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"ended as {status}. Last lines of the log: npm ci failed") as caught:
        followed({"dep-1": ["build_in_progress", status]})
    assert caught.value.entry == "render-deploy-failed"


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ({"evicted": False, "oomKilled": {"memoryLimit": "512Mi"}}, "out of memory (limit 512Mi)"),
        ({"evicted": False, "nonZeroExit": 137, "earlyExit": True}, "it exited with 137"),
        ({"evicted": False, "earlyExit": True}, "it ended by itself"),
        ({"evicted": False, "timedOutSeconds": 900, "timedOutReason": "no port"}, "it timed out after 900 s; no port"),
        ({"evicted": True, "unhealthy": "HTTP 500"}, "HTTP 500; Render moved it to another machine"),
    ],
)
def test_the_reason_that_render_has_for_a_failure_is_shown(failure: dict[str, Any], text: str) -> None:
    of_another = {"details": {"deployId": "dep-0", "reason": {"failure": {"evicted": True}}}}
    own = {"details": {"deployId": "dep-1", "reason": {"failure": failure}}}
    events: list[Any] = [of_another, own, own, {"details": {}}]
    rows = [{"event": event, "cursor": "c"} for event in events]
    with pytest.raises(UnexpectedResponse) as caught:
        followed({"dep-1": ["update_failed"]}, events=rows)
    assert caught.value.message.startswith(f"Render's deploy ended as update_failed ({text}). Last lines")


def test_a_failure_is_reported_where_neither_its_reason_nor_its_log_can_be_read() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/logs", "/events")):
            return httpx.Response(403, json={"message": "no access"})
        return httpx.Response(200, json={"id": "dep-1", "status": "build_failed"})

    with pytest.raises(UnexpectedResponse, match=r"ended as build_failed\.$"):
        follow(client(answer), WORKER, "dep-1", 60, lambda _: None)


def test_a_status_that_nobody_knows_ends_the_wait_and_is_named() -> None:
    with pytest.raises(UnexpectedResponse, match="a status that deploybook does not know: pondering"):
        followed({"dep-1": ["pondering"]})


@pytest.mark.parametrize("status", ["deactivated", "canceled"])
def test_a_deploy_that_another_one_has_replaced_is_followed_in_that(status: str) -> None:
    assert followed({"dep-1": [status], "dep-2": ["build_in_progress", "live"]}, "dep-2") == DeployState(
        "dep-2", "live", ""
    )


def test_deploys_that_replace_each_other_for_ever_come_to_an_end() -> None:
    numbers = iter(range(1000))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/deploys"):
            return httpx.Response(200, json=[{"deploy": {"id": f"dep-{next(numbers)}"}, "cursor": "c"}])
        if request.url.path.endswith("/logs"):
            return httpx.Response(200, json={"logs": []})
        return httpx.Response(200, json={"id": "x", "status": "canceled"})

    with pytest.raises(UnexpectedResponse, match="ended as canceled"):
        follow(client(answer), WORKER, "dep-x", 60, lambda _: None)


def test_one_that_goes_on_too_long_says_in_which_status() -> None:
    with pytest.raises(UnexpectedResponse, match="still queued after 1 minutes"):
        followed({"dep-1": ["queued"]})


def pages(rows: list[dict[str, Any]]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params.get("cursor") or -1)
        return httpx.Response(200, json=rows[after + 1 : after + 1 + int(request.url.params["limit"])])

    return answer


def test_a_variable_beyond_the_first_page_is_seen() -> None:
    rows = [{"envVar": {"key": f"V{number}", "value": ""}, "cursor": str(number)} for number in range(250)]
    assert len(client(pages(rows)).variables("srv-1")) == 250


def test_a_list_that_never_ends_is_an_error() -> None:
    page = [{"envVar": {"key": f"V{number}", "value": ""}, "cursor": "again"} for number in range(100)]
    with pytest.raises(UnexpectedResponse, match="could not list the variables: its list does not end"):
        client(lambda _: httpx.Response(200, json=page)).variables("srv-1")


@pytest.mark.parametrize(
    ("status", "message", "kind", "entry"),
    [
        (402, "A payment method is required", PermissionDenied, "render-billing"),
        (400, "invalid or unfetchable repo", UnexpectedResponse, "render-repository"),
        (400, "invalid plan", UnexpectedResponse, "unexpected-response"),
    ],
)
def test_a_refusal_leads_to_its_own_entry_and_keeps_renders_words(
    status: int, message: str, kind: type[ServiceError], entry: str
) -> None:
    with pytest.raises(kind) as caught:
        client(lambda _: httpx.Response(status, json={"message": message})).create_service({"name": "worker"})
    assert caught.value.entry == entry
    assert message in caught.value.message
