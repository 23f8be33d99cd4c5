"""The production deployment: made when it must be, waited for, found again, and its failures told."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from tests.conftest import RunningSandbox
from tests.waiting import until

from deploybook.clouds import vercel
from deploybook.clouds.edges import EdgeAnswered
from deploybook.clouds.vercel.deployment import DeploymentState
from deploybook.clouds.vercel.schema import Reason
from deploybook.errors import UnexpectedResponse, Unreachable, VerificationFailed

from .conftest import Site, pushed


def deploy(site: Site, **options: Any) -> DeploymentState:
    return site.deployment(**options).create(site.clouds)


def changes(site: Site, **options: Any) -> list[str]:
    looking = site.deployment(**options)
    state = looking.read(site.clouds)
    assert state is not None
    return [change.field for change in looking.differences(state)]


def made(site: Site) -> list[str]:
    return [deployment.id for deployment in site.clouds.vercel.production_deployments(site.project.id)]


def address(site: Site) -> str:
    return vercel.production_url(site.clouds.vercel, site.project)


def test_a_deployment_serves_its_files_and_is_kept_while_nothing_changes(site: Site) -> None:
    site.set()
    state = deploy(site)
    assert state.state == "READY"
    assert changes(site) == []
    assert made(site) == [state.id]
    assert vercel.page_answers(address(site)) == "200"
    variables = site.variables()
    variables.read(site.clouds)
    assert vercel.serves_all(site.clouds.vercel, address(site), state, variables) == state.id


def test_a_changed_variable_or_file_or_the_operators_wish_asks_for_a_new_one(site: Site) -> None:
    site.set()
    state = deploy(site)
    assert changes(site, redeploy=True) == ["deployment"]
    (site.folder / "index.html").write_text("new")
    assert changes(site) == ["files"]
    site.set(pushed(SECRET="t" * 32, PLAIN="p"))
    variables = site.set()
    assert changes(site) == ["variables"]
    with pytest.raises(VerificationFailed, match="changed after the live deployment") as caught:
        vercel.serves_all(site.clouds.vercel, address(site), state, variables)
    assert caught.value.entry == "vercel-redeploy"


def test_a_variable_that_is_yet_to_be_changed_asks_for_a_deployment_in_advance(site: Site) -> None:
    site.set()
    deploy(site)
    wished = site.variables(pushed(SECRET="t" * 32, PLAIN="p"))
    wished.read(site.clouds)
    looking = vercel.Deployment("web", site.project, vercel.source("", "main", str(site.folder)), wished)
    state = looking.read(site.clouds)
    assert state is not None
    assert [change.field for change in looking.differences(state)] == ["variables"]


def test_a_change_of_variables_alone_reaches_production(site: Site) -> None:
    """Vercel gives the earlier deployment of the same files back unless a new one is forced."""
    site.set()
    deploy(site)
    changed = site.set({**pushed(SECRET="s" * 32, PLAIN="p"), **pushed(ADDED="a")})
    looking = vercel.Deployment("web", site.project, vercel.source("", "main", str(site.folder)), changed)
    state = looking.read(site.clouds)
    assert state is not None
    looking.update(site.clouds, state, looking.differences(state))
    host = address(site).removeprefix("https://")
    serving = site.clouds.vercel.api.json("read it", "GET", f"/v13/deployments/{host}")
    assert serving["env"] == ["ADDED", "PLAIN", "SECRET"]


def test_a_wish_is_fulfilled_once_in_a_run(site: Site) -> None:
    site.set()
    deploy(site)
    wished = site.deployment(redeploy=True)
    state = wished.read(site.clouds)
    assert state is not None
    after = wished.update(site.clouds, state, wished.differences(state))
    assert after.id != state.id
    assert wished.read(site.clouds) == after
    assert wished.differences(after) == []


@pytest.mark.parametrize("first", [True, False])
def test_a_deployment_whose_answer_was_lost_is_found_and_not_repeated(
    site: Site, sandbox: RunningSandbox, first: bool
) -> None:
    site.set()
    if not first:
        deploy(site)
    fault = {"service": "vercel", "kind": "lost-answer", "method": "POST", "path": "/v13/deployments"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    state = deploy(site)
    assert sandbox.control.get("/faults").json() == []
    assert made(site)[0] == state.id
    assert len(made(site)) == (1 if first else 2)


def test_a_deployment_that_was_not_begun_is_not_found(site: Site, sandbox: RunningSandbox) -> None:
    site.set()
    deploy(site)
    fault = {"service": "vercel", "kind": "reset", "method": "POST", "path": "/v13/deployments"}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    with pytest.raises(Unreachable):
        deploy(site)
    assert len(made(site)) == 1


def test_a_failing_build_is_told_with_its_reason_and_its_last_lines(site: Site) -> None:
    (site.folder / "package.json").write_text(json.dumps({"scripts": {"build": "exit 3"}}))
    with pytest.raises(UnexpectedResponse) as caught:
        deploy(site)
    error = caught.value
    assert 'Command "npm run build" exited with 3' in error.message
    assert "Last lines of the build: " in error.message
    assert 'Running "npm run build"' in error.message
    assert error.entry == "vercel-build-failed"
    assert error.code == "BUILD_UTILS_SPAWN_3"
    assert error.exit_code == 3
    assert site.deployment().read(site.clouds) is None


def test_a_newest_deployment_that_failed_is_told_until_one_succeeds(site: Site) -> None:
    site.set()
    deploy(site)
    package = site.folder / "package.json"
    package.write_text(json.dumps({"scripts": {"build": "exit 1"}}))
    with pytest.raises(UnexpectedResponse):
        deploy(site)
    looking = site.deployment()
    state = looking.read(site.clouds)
    assert state is not None
    [change] = looking.differences(state)
    assert state.state == "READY"
    assert str(change) == "newest deployment: failed → READY"
    assert change.entry == "vercel-build-failed"
    package.unlink()
    site.deployment().update(site.clouds, state, [change])
    assert changes(site) == []


def test_a_newest_deployment_that_was_cancelled_is_no_failure(site: Site, sandbox: RunningSandbox) -> None:
    site.set()
    deploy(site)
    with sandbox.stopped_clock():
        with pytest.raises(UnexpectedResponse):
            deploy(site, minutes=0)
        assert changes(site) == ["state"]
        site.clouds.vercel.api.call("cancel", "PATCH", f"/v12/deployments/{made(site)[0]}/cancel")
        assert changes(site) == []


def test_one_that_has_its_time_still_is_no_drift_and_the_one_before_it_is_judged(
    site: Site, sandbox: RunningSandbox
) -> None:
    site.set()
    old = deploy(site)
    with sandbox.stopped_clock():
        with pytest.raises(UnexpectedResponse):
            deploy(site, minutes=0)
        patient = site.deployment(minutes=15)
        state = patient.read(site.clouds)
        assert state is not None
        assert [change.requested for change in patient.differences(state)] == [True]
        assert [change.requested for change in site.deployment(minutes=0).differences(state)] == [False]
        variables = site.variables()
        variables.read(site.clouds)
        assert vercel.serves_all(site.clouds.vercel, address(site), state, variables) == old.id


def test_a_slow_deployment_is_told_and_the_next_run_waits_for_the_same(site: Site, sandbox: RunningSandbox) -> None:
    site.set()
    waiting = site.deployment()
    with sandbox.stopped_clock():
        with pytest.raises(UnexpectedResponse, match=r"is still [A-Z]+ after 0 minutes") as caught:
            deploy(site, minutes=0)
        assert caught.value.entry == "vercel-deployment-slow"
        state = waiting.read(site.clouds)
    assert state is not None
    assert [change.field for change in waiting.differences(state)] == ["state"]
    assert waiting.update(site.clouds, state, waiting.differences(state)).id == state.id
    assert made(site) == [state.id]


def test_a_cancelled_deployment_ends_the_wait(site: Site, sandbox: RunningSandbox) -> None:
    def cancel() -> None:
        until(lambda: made(site), "a deployment that can be cancelled")
        site.clouds.vercel.api.call("cancel", "PATCH", f"/v12/deployments/{made(site)[0]}/cancel")

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with sandbox.stopped_clock(), pytest.raises(UnexpectedResponse, match="it ended as CANCELED"):
        deploy(site)
    canceller.join()


def test_one_whose_names_could_not_be_given_is_told_and_not_taken_for_one_that_serves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vercel calls it READY all the same."""
    state = deploy(site)
    error = Reason(code="alias_failed", message="the name is held")
    client = site.clouds.vercel
    broken = client.deployment(state.id).model_copy(update={"alias_error": error, "alias_assigned": False})
    listed = [
        deployment.model_copy(update={"alias_error": error})
        for deployment in client.production_deployments(site.project.id)
    ]
    monkeypatch.setattr(client, "deployment", lambda _: broken)
    with pytest.raises(UnexpectedResponse, match="the name is held"):
        deploy(site, minutes=0)
    monkeypatch.setattr(client, "production_deployments", lambda _: listed)
    assert site.deployment().read(site.clouds) is None


def test_a_rollback_by_hand_is_told(site: Site, by_hand: httpx.Client) -> None:
    site.set()
    old, new = deploy(site), deploy(site)
    by_hand.post(f"/v9/projects/{site.project.id}/rollback/{old.id}").raise_for_status()
    with pytest.raises(VerificationFailed, match="does not show the newest deployment") as caught:
        vercel.serves_all(site.clouds.vercel, address(site), new, site.variables())
    assert caught.value.entry == "vercel-redeploy"
    assert caught.value.found == old.id


def test_a_domain_whose_deployment_was_deleted_is_told(site: Site, by_hand: httpx.Client) -> None:
    site.set()
    old, new = deploy(site), deploy(site)
    by_hand.delete(f"/v13/deployments/{new.id}").raise_for_status()
    with pytest.raises(VerificationFailed, match="shows no deployment") as caught:
        vercel.serves_all(site.clouds.vercel, address(site), old, site.variables())
    assert caught.value.entry == "vercel-page"


def test_a_page_behind_protection_is_told_as_such(site: Site, by_hand: httpx.Client) -> None:
    deploy(site)
    by_hand.patch("/v9/projects/web", json={"ssoProtection": {"deploymentType": "all"}}).raise_for_status()
    with pytest.raises(VerificationFailed) as caught:
        vercel.page_answers(address(site))
    assert caught.value.entry == "vercel-protection"


def test_a_domain_without_a_deployment_is_told_with_vercels_code(site: Site) -> None:
    with pytest.raises(EdgeAnswered, match=r"\(404, x-vercel-error: DEPLOYMENT_NOT_FOUND\)") as caught:
        vercel.page_answers(address(site))
    assert caught.value.entry == "vercel-page"


def test_an_address_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.clouds.vercel.checks.RETRY_SECONDS", 0.0)
    with pytest.raises(Unreachable) as caught:
        vercel.page_answers("https://127.0.0.1:9")
    assert caught.value.entry == "vercel-page"
