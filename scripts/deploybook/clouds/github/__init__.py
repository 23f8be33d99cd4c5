"""GitHub: the Actions secrets, the deploy workflow, its run, and the checks that prove them."""

from deploybook.clouds.github.checks import (
    branch_is_there,
    deployed_both,
    last_run,
    secrets_are_set,
    secrets_can_be_listed,
    token_sees_repository,
    web_was_deployed,
    worker_was_deployed,
    workflow_is_active,
)
from deploybook.clouds.github.resources import RepositorySecret, WorkflowFile, repository_secrets
from deploybook.clouds.github.runs import DeployRun
from deploybook.clouds.github.target import Target, target

__all__ = [
    "DeployRun",
    "RepositorySecret",
    "Target",
    "WorkflowFile",
    "branch_is_there",
    "deployed_both",
    "last_run",
    "repository_secrets",
    "secrets_are_set",
    "secrets_can_be_listed",
    "target",
    "token_sees_repository",
    "web_was_deployed",
    "worker_was_deployed",
    "workflow_is_active",
]
