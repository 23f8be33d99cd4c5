"""GitHub's client understands every answer that its description allows, or says in one error of ours what it did not."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey
from pydantic import SecretStr
from tests.answers.conftest import TIMES
from tests.answers.provider import RandomProvider, run

from deploybook.clouds.api import Api
from deploybook.clouds.connections import Connections
from deploybook.clouds.github import (
    DeployRun,
    RepositorySecret,
    Target,
    WorkflowFile,
    branch_is_there,
    deployed_both,
    last_run,
    token_sees_repository,
    workflow_is_active,
)
from deploybook.clouds.github.client import REFUSALS, GitHub, _explain
from deploybook.clouds.github.resources import FileState
from deploybook.clouds.github.schema import SealingKey
from deploybook.contract.consumers import ConsumerVariable
from deploybook.state.last_writes import LastWrites

Provider = Callable[[str], RandomProvider]
REPOSITORY = "studio/app"
MAIN = Target(REPOSITORY, "main")
PATH = ".github/workflows/deploy.yml"
# Not requests of their own.
LOCAL = {"close", "account", "from_environment", "settle"}
SEALING_KEY = SealingKey.model_validate(
    {"key_id": "1", "key": base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()}
)
VALUE = ConsumerVariable("A", SecretStr("canary"), secret=True)


class Clouds(Connections):
    """Connections whose GitHub is a random one, and has shown the key that seals secrets."""

    def __init__(self, provider: RandomProvider) -> None:
        super().__init__({})
        api = Api(
            "GitHub", provider.client("https://api.github.com"), _explain, "GITHUB_TOKEN", "GITHUB_API_URL", REFUSALS
        )
        self.github = GitHub(api)


CLIENT: Mapping[str, Callable[[GitHub], object]] = {
    "repository": lambda client: client.repository(REPOSITORY),
    "branch": lambda client: client.branch(REPOSITORY, "main"),
    "create_branch": lambda client: client.create_branch(REPOSITORY, "main", "a" * 40),
    "secrets": lambda client: client.secrets(REPOSITORY),
    "secret": lambda client: client.secret(REPOSITORY, "A"),
    "put_secret": lambda client: client.put_secret(REPOSITORY, "A", SecretStr("canary")),
    "delete_secret": lambda client: client.delete_secret(REPOSITORY, "A"),
    "file": lambda client: client.file(REPOSITORY, "README.md", "main"),
    "put_file": lambda client: client.put_file(REPOSITORY, "README.md", "main", b"x", "Say more"),
    "delete_file": lambda client: client.delete_file(REPOSITORY, "README.md", "main", "Say less", "a" * 40),
    "workflow": lambda client: client.workflow(REPOSITORY, "deploy.yml"),
    "runs": lambda client: client.runs(REPOSITORY, "deploy.yml", "main"),
    "run": lambda client: client.run(REPOSITORY, 1),
    "jobs": lambda client: client.jobs(REPOSITORY, 1),
    "dispatch": lambda client: client.dispatch(REPOSITORY, "deploy.yml", "main"),
}


def workflow() -> WorkflowFile:
    return WorkflowFile(MAIN, PATH)


def follow(clouds: Clouds) -> None:
    DeployRun(workflow(), FileState("", b"", "a" * 40)).create(clouds)


def file(clouds: Clouds) -> None:
    resource = workflow()
    state = resource.read(clouds)
    if state is None:
        resource.create(clouds)
    else:
        resource.update(clouds, state, resource.differences(state))


FLOWS: Mapping[str, Callable[[Clouds], object]] = {
    "the preflight": lambda clouds: [claim(clouds.github, MAIN) for claim in (token_sees_repository, branch_is_there)],
    "the repository": lambda clouds: token_sees_repository(clouds.github, MAIN),
    "the last run": lambda clouds: last_run(clouds.github, workflow()),
    "the workflow": lambda clouds: workflow_is_active(clouds.github, workflow()),
    "the workflow's file": file,
    "a run that is followed": follow,
    "a run that is started": lambda clouds: DeployRun(workflow(), FileState("", b""))._start(clouds.github),
    "both jobs": lambda clouds: deployed_both(clouds.github, workflow(), 15),
}


def perform(operation: str, provider: Any) -> object:
    """An operation by its name, against recorded answers."""
    clouds = Clouds(provider)
    return CLIENT[operation](clouds.github) if operation in CLIENT else FLOWS[operation](clouds)


def test_every_request_of_the_client_is_tried() -> None:
    public = {name for name, member in inspect.getmembers(GitHub, callable) if not name.startswith("_")}
    assert public - LOCAL == CLIENT.keys()


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_understands_every_described_answer(provider: Provider, name: str) -> None:
    random = provider("github")
    run(random, lambda: CLIENT[name](Clouds(random).github), TIMES)
    assert sum(random.operations.values()) >= TIMES


@pytest.mark.parametrize("name", FLOWS)
def test_a_step_of_the_runbook_ends_well_or_in_one_error(provider: Provider, name: str) -> None:
    random = provider("github")
    run(random, lambda: FLOWS[name](Clouds(random)), TIMES // 3)


def test_a_secret_is_set_or_one_error_says_why(provider: Provider, tmp_path: Path) -> None:
    random = provider("github")

    def put() -> None:
        clouds = Clouds(random)
        clouds.github._keys[REPOSITORY] = SEALING_KEY
        secret = RepositorySecret(MAIN, "A", VALUE, LastWrites(tmp_path, "test"))
        state = secret.read(clouds)
        secret.create(clouds)
        if state is not None:
            secret.differences(state)

    # Each writes what was written to disk.
    run(random, put, TIMES // 30)
