"""What a build finds in the repository, and what it logs."""

from __future__ import annotations

import hashlib
import posixpath

from deploybook.sandbox.render.state.workers import Deploy, Settings, Worker

# The repository that the guide deploys has one Dockerfile, built from its root (app-contract, "Parts").
DOCKERFILES = frozenset({"worker/Dockerfile"})


def resolve_source(settings: Settings, deploy: Deploy) -> list[str]:
    """Find the commit or image of a deploy; the lines that the build log begins with."""
    if deploy.image_path:
        return [f"==> Pulling {deploy.image_path}..."]
    if deploy.commit is None:
        name = f"{settings.repo}@{settings.branch}"
        deploy.commit = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return [f"==> Cloning from {settings.repo}", f"==> Checking out commit {deploy.commit} in branch {settings.branch}"]


def build_problem(settings: Settings, deploy: Deploy, dockerfiles: frozenset[str]) -> str:
    """Why the build fails, in BuildKit's words; empty if it does not."""
    if deploy.image_path:
        return ""
    dockerfile = posixpath.normpath(posixpath.join(settings.root_dir, settings.dockerfile_path))
    context = posixpath.normpath(posixpath.join(settings.root_dir, settings.docker_context))
    if dockerfile not in dockerfiles:
        return f"error: failed to read dockerfile: open {dockerfile}: no such file or directory"
    if context != ".":
        return f'error: failed to calculate checksum: "/worker/package.json": not found in context {context}'
    return ""


def trigger_details(worker: Worker, deploy: Deploy) -> dict[str, object]:
    """The ``trigger`` of the events of a deploy and its build (render.json, "Build Started")."""
    details: dict[str, object] = {
        "firstBuild": worker.deploys[0] is deploy,
        "envUpdated": False,
        "manual": False,
        "deployedByRender": False,
        "clearCache": False,
        "rollback": deploy.rollback_of is not None,
    }
    if deploy.rollback_of:
        details["rollbackTargetDeployId"] = deploy.rollback_of
    return details
