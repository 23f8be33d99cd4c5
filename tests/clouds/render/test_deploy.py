"""The deploy: when one is started, how it is followed, and what the log proves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.conftest import RunningSandbox
from tests.waiting import until

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.clouds.render.waiting import follow
from deploybook.errors import UnexpectedResponse, Unreachable, VerificationFailed
from deploybook.state.last_writes import LastWrites

from .conftest import Bench

STARTED = "[Worker] Started, polling every 3000ms"


def statuses(clouds: Connections, service: str) -> list[str]:
    return [f"{deploy.trigger} {deploy.status}" for deploy in clouds.render.deploys(service)]


def under_way(clouds: Connections, service: str) -> str:
    """A deploy that has left its first state, which another one would push aside unbuilt."""
    deploy = clouds.render.start_deploy(service)
    until(lambda: clouds.render.deploy(service, deploy).status != "created", "the deploy's beginning")
    return deploy


def test_a_new_workers_first_deploy_is_followed_and_no_second_one_made(clouds: Connections, bench: Bench) -> None:
    made = bench.worker().create(clouds)
    deploy = bench.deploy(made)
    assert deploy.read(clouds) is None
    live = deploy.create(clouds)
    assert live.id == made.first_deploy
    assert live.status == "live"
    assert statuses(clouds, made.id) == ["api live"]
    assert bench.progress[-1].endswith(": live")
    assert len(bench.progress) > 1


def test_a_deploy_that_a_killed_run_left_on_its_way_is_followed(clouds: Connections, bench: Bench) -> None:
    made = bench.worker().create(clouds)
    deploy = bench.deploy(bench.state())
    state, [change] = bench.changes(deploy)
    assert state.id == made.first_deploy
    assert change.endswith(" → live")
    bench.brought_up_to_date(deploy)
    assert statuses(clouds, made.id) == ["api live"]


def test_a_change_is_remembered_until_a_deploy_has_taken_it_up(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    clouds.render.put_variable(state.id, "STORAGE_BACKEND", "local")
    variables = bench.variables(state)
    present = variables.read(clouds)
    assert present is not None
    variables.update(clouds, present, variables.differences(present))
    # As after a kill: other objects, the same record.
    deploy = bench.deploy(state)
    assert bench.changes(deploy)[1] == ["variables: as they stood before → as they are"]
    bench.brought_up_to_date(deploy)
    assert bench.changes(bench.deploy(state))[1] == []
    assert statuses(clouds, state.id) == ["api live", "api deactivated"]


def test_a_plan_foresees_the_deploy_that_follows_from_a_variable_and_verify_calls_it_no_drift(
    clouds: Connections, bench: Bench
) -> None:
    state = bench.live()
    clouds.render.put_variable(state.id, "STORAGE_BACKEND", "local")
    deploy = bench.deploy(state)
    present = deploy.read(clouds)
    assert present is not None
    [change] = deploy.differences(present)
    assert str(change) == "variables: as they stood before → as they are"
    assert change.requested is True


def test_a_deploy_that_is_queued_without_an_answer_is_found(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    deploy = bench.deploy(state)
    going = under_way(clouds, state.id)
    made = deploy.create(clouds)
    assert made.status == "live"
    assert made.id != going
    assert statuses(clouds, state.id)[:2] == ["api live", "api deactivated"]


def test_a_start_whose_answer_was_lost_is_found_and_not_repeated(
    clouds: Connections, bench: Bench, fault: Callable[..., None]
) -> None:
    state = bench.live()
    fault(kind="lost-answer", method="POST", path=".*/deploys")
    assert bench.deploy(state).create(clouds).status == "live"
    assert len(statuses(clouds, state.id)) == 2


def test_a_start_that_was_never_carried_out_is_told(
    clouds: Connections, bench: Bench, fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploybook.clouds.render.waiting.appeared.__defaults__", (0.1,))
    state = bench.live()
    fault(kind="reset", method="POST", path=".*/deploys")
    with pytest.raises(Unreachable):
        bench.deploy(state).create(clouds)
    assert len(statuses(clouds, state.id)) == 1


def test_the_deploy_that_replaces_ours_counts(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    first = under_way(clouds, state.id)
    clouds.render.start_deploy(state.id)
    clouds.render.api.call("cancel", "POST", f"/services/{state.id}/deploys/{first}/cancel")
    assert follow(clouds.render, state, first, 20, bench.progress.append).id != first
    assert bench.progress[0].endswith(": canceled")


def test_one_that_was_canceled_without_another_has_failed(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    deploy = under_way(clouds, state.id)
    clouds.render.api.call("cancel", "POST", f"/services/{state.id}/deploys/{deploy}/cancel")
    with pytest.raises(UnexpectedResponse, match="ended as canceled"):
        follow(clouds.render, state, deploy, 20, bench.progress.append)


def test_a_failed_build_shows_the_end_of_its_log(clouds: Connections, bench: Bench) -> None:
    made = bench.worker(dockerfile="absent/Dockerfile").create(clouds)
    with pytest.raises(UnexpectedResponse, match=r"build_failed\. Last lines of the log: .*no such file") as caught:
        bench.deploy(made).create(clouds)
    assert caught.value.entry == "render-deploy-failed"
    # Nothing is live: the next run makes another deploy, and verify says which one failed.
    deploy = bench.deploy(bench.state(dockerfile="absent/Dockerfile"))
    [change] = deploy.differences(bench.changes(deploy)[0])
    assert str(change) == "status: build_failed → live"
    assert change.entry == "render-deploy-failed"


def test_a_deploy_that_failed_after_one_that_serves_is_drift_and_made_anew(
    clouds: Connections, bench: Bench, fault: Callable[..., None]
) -> None:
    state = bench.live()
    fault(kind="status", method="BUILD")
    with pytest.raises(UnexpectedResponse, match="build_failed"):
        follow(clouds.render, state, clouds.render.start_deploy(state.id), 20, bench.progress.append)
    deploy = bench.deploy(state)
    assert bench.changes(deploy)[1] == ["status: build_failed → live"]
    with pytest.raises(VerificationFailed) as caught:
        render.is_live(clouds.render, deploy)
    assert caught.value.entry == "render-not-live"
    assert caught.value.found == "build_failed"
    bench.brought_up_to_date(deploy)
    assert statuses(clouds, state.id)[0] == "api live"


def test_one_that_is_still_on_its_way_is_told_as_slow(clouds: Connections, bench: Bench) -> None:
    state = bench.live()
    under_way(clouds, state.id)
    deploy = bench.deploy(state, seconds=0)
    [change] = deploy.differences(bench.changes(deploy)[0])
    assert change.field == "status"
    assert change.entry == "render-deploy-slow"
    assert change.requested is False
    with pytest.raises(VerificationFailed, match="is not live"):
        render.is_live(clouds.render, deploy)


def test_one_that_has_its_time_still_is_no_drift_and_the_one_before_it_is_judged(
    clouds: Connections, bench: Bench, observed: LastWrites
) -> None:
    state = bench.live()
    before = clouds.render.deploys(state.id)[0].id
    under_way(clouds, state.id)
    deploy = bench.deploy(state)
    [change] = deploy.differences(bench.changes(deploy)[0])
    assert change.field == "status"
    assert change.requested is True
    assert render.is_live(clouds.render, deploy) == before
    assert render.has_started(clouds.render, deploy, observed) == STARTED


def test_deploys_since_a_time_are_all_read(clouds: Connections, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    state = bench.live()
    for _ in range(2):
        follow(clouds.render, state, clouds.render.start_deploy(state.id), 20, bench.progress.append)
    made = clouds.render.deploys(state.id)
    # A page of one: more must be asked for.
    monkeypatch.setattr("deploybook.clouds.render.client.PAGE", 1)
    listed = clouds.render.deploys(state.id, since=datetime.fromisoformat(made[-1].created))
    assert [each.id for each in listed] == [each.id for each in made[:-1]]


def test_waiting_has_an_end(clouds: Connections, bench: Bench, sandbox: RunningSandbox) -> None:
    with sandbox.stopped_clock():
        made = bench.worker().create(clouds)
        with pytest.raises(UnexpectedResponse, match=r"is still .* after 0 minutes") as caught:
            bench.deploy(made, seconds=0.2).create(clouds)
    assert caught.value.entry == "render-deploy-slow"


def test_the_log_proves_that_it_started(clouds: Connections, bench: Bench, observed: LastWrites) -> None:
    deploy = bench.deploy(bench.live())
    assert render.has_started(clouds.render, deploy, observed) == STARTED


def test_a_worker_without_its_database_is_named_by_its_log(
    clouds: Connections, bench: Bench, observed: LastWrites
) -> None:
    state = bench.live()
    clouds.render.delete_variable(state.id, "TURSO_DATABASE_URL")
    with pytest.raises(UnexpectedResponse, match=r"ended as update_failed \(it exited with 1\)"):
        follow(clouds.render, state, clouds.render.start_deploy(state.id), 20, bench.progress.append)
    with pytest.raises(VerificationFailed, match=r"stopped: .*TURSO_DATABASE_URL is required") as caught:
        render.has_started(clouds.render, bench.deploy(state), observed)
    assert caught.value.entry == "worker-idle"


def test_a_start_that_was_seen_is_remembered_for_its_deploy_alone(
    clouds: Connections, bench: Bench, observed: LastWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = bench.live()
    monkeypatch.setattr(clouds.render, "logs", lambda *_: [])
    with pytest.raises(VerificationFailed, match="an empty log"):
        render.has_started(clouds.render, bench.deploy(state), observed)
    monkeypatch.undo()
    render.has_started(clouds.render, bench.deploy(state), observed)
    monkeypatch.setattr(clouds.render, "logs", lambda *_: [])
    assert "seen earlier" in render.has_started(clouds.render, bench.deploy(state), observed)
    bench.deploy(state).create(clouds)
    with pytest.raises(VerificationFailed, match="does not say that it started"):
        render.has_started(clouds.render, bench.deploy(state), observed)


def test_nothing_is_live_where_nothing_was_made(clouds: Connections, bench: Bench, observed: LastWrites) -> None:
    deploy = bench.deploy(bench.worker().planned())
    assert deploy.read(clouds) is None
    with pytest.raises(VerificationFailed, match="not live"):
        render.is_live(clouds.render, deploy)
    with pytest.raises(VerificationFailed, match="nothing is deployed"):
        render.has_started(clouds.render, deploy, observed)
