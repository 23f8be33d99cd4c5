"""Random answers that Render's description allows, for every flow of the section: understood, or one error of ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.answers.conftest import TIMES
from tests.answers.provider import Flow, RandomProvider, run, run_through

from deploybook.clouds import render
from deploybook.clouds.api import Api
from deploybook.clouds.comparison import Wanted
from deploybook.clouds.render.client import Render
from deploybook.clouds.render.comparing import compare
from deploybook.clouds.render.refusals import REFUSALS, explain
from deploybook.clouds.render.worker import WorkerState
from deploybook.contract.consumers import ConsumerVariable
from deploybook.state.last_writes import LastWrites

SETTINGS = render.Settings("studio/web")
WANTED = {"PLAIN": ConsumerVariable("PLAIN", SecretStr("p"), False)}
STATE = WorkerState("srv-1", "tea-1", SETTINGS)
NAMES = ("workspace", "worker", "variables", "compared", "deploy", "live", "started", "since")


class Flows:
    """What the section's runbook does, each part with a client of its own."""

    def __init__(self, provider: RandomProvider, state: Path) -> None:
        self._provider = provider
        self._last_writes = LastWrites(state, "production")

    def clouds(self) -> Any:
        client = self._provider.client("https://api.render.com/v1")
        return SimpleNamespace(
            render=Render(Api("Render", client, explain, "RENDER_API_KEY", "RENDER_API_URL", REFUSALS))
        )

    def deploy_of(self, worker: WorkerState) -> render.Deploy:
        variables = render.Variables("worker", worker, WANTED, self._last_writes)
        return render.Deploy("worker", worker, variables, self._last_writes, lambda _: None)

    def applied(self, resource: Any) -> None:
        run_through(resource, self.clouds())

    def flow(self, name: str) -> Flow:
        last_writes = self._last_writes
        flows: dict[str, Flow] = {
            "workspace": lambda: render.owner(self.clouds().render, ""),
            "worker": lambda: self.applied(render.Worker("worker", "tea-1", SETTINGS, WANTED, last_writes)),
            "variables": lambda: self.applied(render.Variables("worker", STATE, WANTED, last_writes)),
            "compared": lambda: compare(
                self.clouds(), Wanted("render", (), WANTED), last_writes, {"service_name": "worker", "owner": ""}
            ),
            "deploy": lambda: self.applied(self.deploy_of(STATE)),
            "live": lambda: render.is_live(self.clouds().render, self.deploy_of(STATE)),
            "started": lambda: render.has_started(self.clouds().render, self.deploy_of(STATE), last_writes),
            "since": lambda: self.clouds().render.deploys("srv-1", datetime.now(UTC)),
        }
        return flows[name]


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_of_renders_is_a_crash_or_never_ends(
    provider: Callable[[str], RandomProvider], tmp_path: Path, name: str
) -> None:
    described = provider("render")
    tmp_path.chmod(0o700)
    tally = run(described, Flows(described, tmp_path).flow(name), TIMES)
    assert tally.understood + sum(tally.refused.values()) == TIMES
