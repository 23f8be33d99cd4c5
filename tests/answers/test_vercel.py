"""Random answers that Vercel's description allows, for every flow of the section: understood, or one error of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.answers.conftest import TIMES
from tests.answers.provider import Flow, RandomProvider, run, run_through

from deploybook.clouds import vercel
from deploybook.clouds.api import Api
from deploybook.clouds.comparison import Wanted
from deploybook.clouds.resource import Change
from deploybook.clouds.vercel.client import Vercel
from deploybook.clouds.vercel.comparing import compare
from deploybook.clouds.vercel.deployment import DeploymentState
from deploybook.clouds.vercel.project import ProjectState
from deploybook.clouds.vercel.refusals import REFUSALS, explain
from deploybook.contract.consumers import ConsumerVariable
from deploybook.state.last_writes import LastWrites

WANTED = {
    "PLAIN": ConsumerVariable("PLAIN", SecretStr("p"), False),
    "SECRET": ConsumerVariable("SECRET", SecretStr("s" * 32), True),
}
PROJECT = ProjectState("prj_1", "team_1")
NAMES = (
    "team",
    "teams",
    "user",
    "project",
    "variables",
    "verified",
    "compared",
    "address",
    "deployed",
    "followed",
    "log",
)


class Flows:
    """What the section's runbook does, each part with a client of its own."""

    def __init__(self, provider: RandomProvider, state: Path) -> None:
        self._provider = provider
        self._last_writes = LastWrites(state, "production")

    def clouds(self, team: str = "team_1") -> Any:
        client = self._provider.client("https://api.vercel.com")
        return SimpleNamespace(
            home=lambda _: None,
            vercel=Vercel(Api("Vercel", client, explain, "VERCEL_TOKEN", "VERCEL_API_URL", REFUSALS), team),
        )

    def variables(self) -> vercel.Variables:
        return vercel.Variables("web", PROJECT, WANTED, self._last_writes)

    def applied(self, resource: Any) -> None:
        run_through(resource, self.clouds())

    def deployed(self) -> None:
        clouds, variables = self.clouds(), self.variables()
        variables.read(clouds)
        deployment = vercel.Deployment("web", PROJECT, vercel.Source("studio/web", "main"), variables)
        state = deployment.read(clouds)
        if state is None:
            state = deployment.create(clouds)
        elif changes := deployment.differences(state):
            state = deployment.update(clouds, state, changes)
        vercel.serves_all(clouds.vercel, "https://web.vercel.app", state, variables)

    def followed(self) -> None:
        deployment = vercel.Deployment("web", PROJECT, vercel.Source("studio/web", "main"), self.variables())
        state = DeploymentState("dpl_1", "BUILDING", 0)
        deployment.update(self.clouds(), state, [Change("state", "BUILDING", "READY")])

    def flow(self, name: str) -> Flow:
        flows: dict[str, Flow] = {
            "team": lambda: vercel.team_is_visible(self.clouds().vercel),
            "teams": lambda: self.clouds("").vercel.teams(),
            "user": lambda: vercel.team_is_visible(self.clouds("").vercel),
            "project": lambda: self.applied(vercel.Project("web", repository="studio/web")),
            "variables": lambda: self.applied(self.variables()),
            "verified": lambda: self.variables().verify(self.clouds().vercel),
            "compared": lambda: compare(
                self.clouds(), Wanted("vercel", (), WANTED), self._last_writes, {"project_name": "web"}
            ),
            "address": lambda: vercel.production_url(self.clouds().vercel, PROJECT),
            "deployed": self.deployed,
            "followed": self.followed,
            "log": lambda: self.clouds().vercel.build_log("dpl_1"),
        }
        return flows[name]


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_of_vercels_is_a_crash_or_never_ends(
    provider: Callable[[str], RandomProvider], tmp_path: Path, name: str
) -> None:
    described = provider("vercel")
    tmp_path.chmod(0o700)
    tally = run(described, Flows(described, tmp_path).flow(name), TIMES)
    assert tally.understood + sum(tally.refused.values()) == TIMES
