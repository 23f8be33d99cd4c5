"""A run that ended well and deployed nothing: what the checks say leads to a run that does."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.clouds.github.checks import web_was_deployed, worker_was_deployed
from deploybook.clouds.github.runs import COMPLETED, SUCCESS, RunState
from deploybook.errors import VerificationFailed

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
RUN = RunState(7, COMPLETED, SUCCESS, "https://github.com/acme/studio/actions/runs/7", BEGAN, 3)
VALUES = {
    "RENDER_DEPLOY_HOOK_URL": SecretStr("https://api.render.com/deploy/srv-1?key=x"),
    "VERCEL_PROJECT_ID": SecretStr("prj_1"),
}


def render(*triggers: str) -> Any:
    deploys = [SimpleNamespace(id=f"dep-{trigger}", trigger=trigger, status="live") for trigger in triggers]
    return SimpleNamespace(deploys=lambda _, since: deploys)  # noqa: ARG005 - called by name


def vercel(*deployments: tuple[str, float]) -> Any:
    answers = [SimpleNamespace(id="dpl_1", state=state, created=created) for state, created in deployments]
    return SimpleNamespace(production_deployments=lambda _: answers)


def test_a_deploy_that_the_hook_started_is_named() -> None:
    assert worker_was_deployed(render("api", "deploy_hook"), VALUES, RUN) == "dep-deploy_hook, live"


def test_a_deployment_that_is_younger_than_the_run_is_named() -> None:
    assert web_was_deployed(vercel(("READY", BEGAN.timestamp() * 1000 + 1)), VALUES, RUN) == "dpl_1"


# An apply that changes nothing starts no run: the hint must not end there.
def test_a_hook_that_started_nothing_leads_to_another_run() -> None:
    with pytest.raises(VerificationFailed, match="no deploy of srv-1 was started by its hook") as raised:
        worker_was_deployed(render("api"), VALUES, RUN)
    assert f"choose Re-run jobs on {RUN.page}" in raised.value.hint


@pytest.mark.parametrize(("state", "after"), [("READY", -1), ("ERROR", 1)])
def test_a_project_that_was_not_deployed_leads_to_another_run(state: str, after: int) -> None:
    with pytest.raises(VerificationFailed, match="no production deployment") as raised:
        web_was_deployed(vercel((state, BEGAN.timestamp() * 1000 + after)), VALUES, RUN)
    assert f"choose Re-run jobs on {RUN.page}" in raised.value.hint
