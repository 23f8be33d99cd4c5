"""The deploy hook: only the worker's own is called, once, and never shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from tests.conftest import RunningSandbox

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.errors import InvalidValue, RateLimited, ServiceError, UnexpectedResponse

from .conftest import Bench

Changed = Callable[[str], str]


def copied(bench: Bench) -> tuple[render.Deploy, SecretStr]:
    state = bench.live()
    return bench.deploy(state), render.copied_by_a_person(bench.clouds.render, state)


def calls(sandbox: RunningSandbox) -> list[str]:
    return [f"{entry['method']} {entry['status']}" for entry in sandbox.journal("render") if entry["writes"]]


def test_it_is_used_once_and_its_deploy_is_followed(clouds: Connections, bench: Bench) -> None:
    deploy, hook = copied(bench)
    proof = render.proved(clouds.render, deploy, hook, None, True)
    newest = clouds.render.deploys(deploy.worker.id)[0]
    assert proof == f"it started {newest.id}"
    assert newest.trigger == "deploy_hook"
    assert newest.status == "live"
    assert deploy.serving(clouds.render).id == newest.id
    for stored, may_use in ((hook, True), (None, False)):
        assert render.proved(clouds.render, deploy, hook, stored, may_use).startswith("form and worker")
    assert len(clouds.render.deploys(deploy.worker.id)) == 2


@pytest.mark.parametrize(
    "changed",
    [
        lambda url: url.replace("/deploy/srv-", "/deploy/srv-x"),
        lambda url: url + "\n",
        lambda url: url.replace("http://127.0.0.1", "http://127.0.0.2"),
        lambda url: url.replace("?key=", "?ref="),
        lambda url: url.partition("=")[0] + "=",
        lambda url: url + "&imgURL=elsewhere",
        lambda url: "https://api.render.com/v1/" + url,
    ],
)
def test_what_is_not_this_workers_hook_is_never_called(
    clouds: Connections, bench: Bench, sandbox: RunningSandbox, changed: Changed
) -> None:
    deploy, hook = copied(bench)
    wrong = SecretStr(changed(hook.get_secret_value()))
    sandbox.control.delete("/journal")
    for stored in (None, wrong):
        with pytest.raises(InvalidValue) as caught:
            render.proved(clouds.render, deploy, wrong, stored, True)
        assert caught.value.entry == "render-deploy-hook"
        assert hook.get_secret_value().partition("key=")[2] not in "\n".join(caught.value.lines())
    assert sandbox.journal("render") == []


def test_white_space_that_was_pasted_along_is_named(clouds: Connections, bench: Bench) -> None:
    deploy, hook = copied(bench)
    with pytest.raises(InvalidValue, match="contains white space"):
        render.proved(clouds.render, deploy, SecretStr(f"{hook.get_secret_value()}\n"), None, True)


def test_a_deploy_that_something_else_started_proves_nothing(
    clouds: Connections, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploybook.clouds.render.waiting.appeared.__defaults__", (0.1,))
    deploy, hook = copied(bench)
    monkeypatch.setattr(
        "deploybook.clouds.render.hook._use", lambda _: clouds.render.start_deploy(deploy.worker.id) and None
    )
    with pytest.raises(UnexpectedResponse, match="no deploy appeared"):
        render.proved(clouds.render, deploy, hook, None, True)


def test_a_regenerated_hook_is_refused_without_showing_it(clouds: Connections, bench: Bench) -> None:
    deploy, hook = copied(bench)
    with pytest.raises(UnexpectedResponse, match=r"does not accept the deploy hook \(401\)") as caught:
        render.proved(clouds.render, deploy, SecretStr(hook.get_secret_value() + "x"), None, True)
    output = "\n".join(caught.value.lines())
    assert caught.value.entry == "render-deploy-hook"
    assert hook.get_secret_value() not in output


def test_an_answer_that_is_lost_starts_no_second_deploy(
    clouds: Connections, bench: Bench, fault: Callable[..., None]
) -> None:
    deploy, hook = copied(bench)
    fault(kind="lost-answer", path="/deploy/.*")
    assert "it started dep-" in render.proved(clouds.render, deploy, hook, None, True)
    assert len(clouds.render.deploys(deploy.worker.id)) == 2


def test_a_request_that_never_arrived_is_told_without_the_url(
    clouds: Connections, bench: Bench, fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploybook.clouds.render.waiting.appeared.__defaults__", (0.1,))
    deploy, hook = copied(bench)
    fault(kind="reset", path="/deploy/.*")
    with pytest.raises(ServiceError, match="cannot be reached") as caught:
        render.proved(clouds.render, deploy, hook, None, True)
    assert hook.get_secret_value() not in "\n".join(caught.value.lines())


def test_a_limit_is_waited_out_or_told(
    clouds: Connections, bench: Bench, fault: Callable[..., None], sandbox: RunningSandbox
) -> None:
    deploy, hook = copied(bench)
    sandbox.control.delete("/journal")
    fault(kind="status", path="/deploy/.*", status=429, headers={"Retry-After": "1"})
    render.proved(clouds.render, deploy, hook, None, True)
    assert calls(sandbox) == ["POST 429", "POST 200"]
    fault(kind="status", path="/deploy/.*", status=429, headers={"Retry-After": "999"})
    with pytest.raises(RateLimited):
        render.proved(clouds.render, deploy, hook, None, True)


def test_a_deploy_by_the_hook_that_fails_is_told(clouds: Connections, bench: Bench, fault: Callable[..., None]) -> None:
    deploy, hook = copied(bench)
    fault(kind="status", method="BUILD")
    with pytest.raises(UnexpectedResponse, match="build_failed"):
        render.proved(clouds.render, deploy, hook, None, True)


def test_a_dashboard_without_a_hook_is_told(clouds: Connections, bench: Bench, fault: Callable[..., None]) -> None:
    state = bench.live()
    fault(kind="status", path="/dashboard/.*", status=200, body="<html></html>")
    with pytest.raises(UnexpectedResponse, match="shows no deploy hook"):
        render.copied_by_a_person(clouds.render, state)
