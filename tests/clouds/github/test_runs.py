"""The run: found after the push, followed to its end, judged by job and step."""

from __future__ import annotations

import pytest
from tests.clouds.github.conftest import MAIN, PATH, Hands
from tests.waiting import until

from deploybook.clouds.connections import Connections
from deploybook.clouds.github import DeployRun, WorkflowFile, deployed_both, last_run, runs, workflow_is_active
from deploybook.clouds.github.resources import FileState
from deploybook.errors import PermissionDenied, ServiceError, UnexpectedResponse, VerificationFailed

UNCHANGED = FileState("", b"")
MINUTES = 30
DISABLED = '{"id": 1, "name": "Deploy", "path": "x", "state": "disabled_inactivity"}'


def test_the_run_of_the_push_is_followed_and_its_failing_job_and_step_told(
    hands: Hands, workflow: WorkflowFile
) -> None:
    hands.secrets()
    run = DeployRun(workflow, workflow.create(hands.clouds))
    assert run.read(hands.clouds) is None
    made = run.create(hands.clouds)
    assert made.status == "completed"
    assert made.conclusion == "failure"
    assert made.succeeded is False
    assert run.differences(made) == []
    assert last_run(hands.clouds.github, workflow).startswith("number 1, failure, ")
    with pytest.raises(UnexpectedResponse) as caught:
        deployed_both(hands.clouds.github, workflow, MINUTES)
    message = 'Run 1 of the deploy workflow ended as failure in job worker, step "Start the worker\'s deploy".'
    assert caught.value.message == message
    assert caught.value.entry == "ci-render"
    assert made.page in caught.value.hint
    assert "choose Re-run jobs there, or run deploybook run ci_cd --mode apply -p redeploy true" in caught.value.hint


def test_an_absent_secret_fails_the_web_job_where_it_is_used(clouds: Connections, workflow: WorkflowFile) -> None:
    DeployRun(workflow, workflow.create(clouds)).create(clouds)
    with pytest.raises(UnexpectedResponse, match="in job web, step \"Pull the project's settings and") as caught:
        deployed_both(clouds.github, workflow, MINUTES)
    assert caught.value.entry == "ci-vercel"


def test_a_file_that_github_cannot_run_is_told_without_a_job(clouds: Connections, workflow: WorkflowFile) -> None:
    clouds.github.put_file(MAIN.repository, PATH, "main", b"on: [push", "Broken")
    with pytest.raises(UnexpectedResponse, match="failure, without a job: ") as caught:
        deployed_both(clouds.github, workflow, MINUTES)
    assert caught.value.entry == "ci-workflow-file"


def test_a_green_run_of_another_file_is_not_enough(clouds: Connections, workflow: WorkflowFile, hands: Hands) -> None:
    hands.secrets()
    web_only = workflow.content.partition(b"\n  worker:")[0] + b"\n"
    commit = clouds.github.put_file(MAIN.repository, PATH, "main", web_only, "Without the worker")
    assert DeployRun(workflow, FileState("", web_only, commit)).create(clouds).succeeded
    with pytest.raises(UnexpectedResponse, match="success, but has no job worker"):
        deployed_both(clouds.github, workflow, MINUTES)


def test_no_run_and_one_that_goes_on_are_no_success(hands: Hands, clouds: Connections, workflow: WorkflowFile) -> None:
    with pytest.raises(VerificationFailed, match="found no run") as caught:
        deployed_both(clouds.github, workflow, MINUTES)
    assert caught.value.entry == "ci-not-triggered"
    with hands.sandbox.stopped_clock():
        workflow.create(clouds)
        with pytest.raises(VerificationFailed, match=r"found (queued|in_progress)") as caught:
            deployed_both(clouds.github, workflow, MINUTES)
    assert caught.value.entry == "ci-run-slow"


def test_a_run_that_has_its_time_still_leaves_the_one_before_it_to_be_judged(
    hands: Hands, clouds: Connections, workflow: WorkflowFile
) -> None:
    DeployRun(workflow, workflow.create(clouds)).create(clouds)

    def second() -> runs.RunState | None:
        newest = runs.newest(clouds.github, workflow)
        return newest if newest and newest.number > 1 else None

    with hands.sandbox.stopped_clock():
        clouds.github.put_file(MAIN.repository, "MORE.md", "main", b"More.\n", "Say more")
        newest = until(second, "the second run")
        assert newest.status != "completed"
        with pytest.raises(UnexpectedResponse, match="Run 1 of the deploy workflow ended as failure"):
            deployed_both(clouds.github, workflow, MINUTES)
        with pytest.raises(VerificationFailed, match=r"found (queued|in_progress)"):
            deployed_both(clouds.github, workflow, 0)


def test_a_run_that_goes_on_is_waited_for(hands: Hands, clouds: Connections, workflow: WorkflowFile) -> None:
    run = DeployRun(workflow, UNCHANGED)
    with hands.sandbox.stopped_clock():
        workflow.create(clouds)
        state = run.read(clouds)
    assert state is not None
    changes = run.differences(state)
    assert [(change.field, change.requested) for change in changes] == [("status", True)]
    assert run.update(clouds, state, changes).status == "completed"


def test_a_wait_has_a_limit(hands: Hands, clouds: Connections, workflow: WorkflowFile) -> None:
    still = r"is still (queued|in_progress) after 0 minutes"
    with hands.sandbox.stopped_clock(), pytest.raises(UnexpectedResponse, match=still) as caught:
        DeployRun(workflow, workflow.create(clouds), minutes=0).create(clouds)
    assert caught.value.entry == "ci-run-slow"


def test_a_push_without_a_run_is_told(
    clouds: Connections, workflow: WorkflowFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "APPEARS_SECONDS", 0.5)
    workflow.create(clouds)
    with pytest.raises(UnexpectedResponse, match="no run of it appeared") as caught:
        DeployRun(workflow, FileState("", b"", "f" * 40)).create(clouds)
    assert caught.value.entry == "ci-not-triggered"


def test_one_that_a_newer_push_replaces_is_followed_to_the_newer(clouds: Connections, workflow: WorkflowFile) -> None:
    github = clouds.github
    workflow.create(clouds)
    waiting = github.put_file(MAIN.repository, "a.txt", "main", b"a", "Waits")
    github.put_file(MAIN.repository, "b.txt", "main", b"b", "Replaces it")
    made = DeployRun(workflow, FileState("", b"", waiting)).create(clouds)
    assert made.number == 3
    assert made.status == "completed"
    assert made.conclusion == "failure"


def test_redeploy_needs_the_permission_and_then_starts_another(hands: Hands, workflow: WorkflowFile) -> None:
    first = DeployRun(workflow, workflow.create(hands.clouds)).create(hands.clouds)
    again = DeployRun(workflow, UNCHANGED, redeploy=True)
    changes = again.differences(first)
    assert [(change.field, change.requested) for change in changes] == [("run", True)]
    with pytest.raises(PermissionDenied) as caught:
        again.update(hands.clouds, first, changes)
    assert "Actions: read and write" in caught.value.hint
    allowed = hands.token(actions="write", contents="read")
    assert again.update(allowed, first, changes).number == 2


def test_a_run_that_appears_late_is_not_taken_for_the_one_before(
    hands: Hands, workflow: WorkflowFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = hands.token(actions="write", contents="read")
    github = allowed.github
    first = DeployRun(workflow, workflow.create(hands.clouds)).create(hands.clouds)
    listed, late = github.runs, iter([True, True, True])
    monkeypatch.setattr(
        github,
        "runs",
        lambda *given: [run for run in listed(*given) if run.id == first.id or not next(late, False)],
    )
    assert DeployRun(workflow, UNCHANGED, redeploy=True).update(allowed, first, []).number == 2


def test_a_disabled_workflow_is_told(hands: Hands, workflow: WorkflowFile) -> None:
    with pytest.raises(VerificationFailed, match="found not known to GitHub"):
        workflow_is_active(hands.clouds.github, workflow)
    workflow.create(hands.clouds)
    assert workflow_is_active(hands.clouds.github, workflow) == "Deploy"
    hands.fault("status", path=".*/actions/workflows/deploy.yml", status=200, body=DISABLED)
    with pytest.raises(VerificationFailed, match="disabled_inactivity"):
        workflow_is_active(hands.clouds.github, workflow)


def test_a_failing_answer_while_waiting_is_asked_again(hands: Hands, workflow: WorkflowFile) -> None:
    hands.fault("status", path=".*/actions/runs/[0-9]+", status=502)
    assert DeployRun(workflow, workflow.create(hands.clouds)).create(hands.clouds).status == "completed"
    hands.fault("status", path=".*/actions/runs/[0-9]+/jobs", status=500, times=99)
    hands.clouds.github.api.client._transport._budget = 0.1  # type: ignore[attr-defined]
    with pytest.raises(ServiceError):
        deployed_both(hands.clouds.github, workflow, MINUTES)
