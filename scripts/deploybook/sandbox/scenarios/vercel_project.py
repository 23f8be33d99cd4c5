"""What a person does at the one project that the guide makes at Vercel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.vercel.backend.platform import Order, Platform
from deploybook.sandbox.vercel.service import VercelService
from deploybook.sandbox.vercel.state.deployments import Deployment
from deploybook.sandbox.vercel.state.projects import Project


def remove_variable(project: Project, name: str) -> None:
    """Press Remove beside a variable."""
    for variable in project.variables.all():
        if variable.key == name:
            project.variables.remove(variable.id)


def edit_variable(project: Project, name: str, change: Callable[[str], str]) -> None:
    """Press Edit beside a variable, and save another value."""
    for variable in project.variables.all():
        if variable.key == name:
            project.variables.edit(replace(variable, value=change(variable.value)).sealed())


async def redeploy(platform: Platform, project: Project) -> None:
    """Press Redeploy on the deployment that serves, and wait for the new one to take its place."""
    made = await deploy_again(platform, project)
    while made.state not in {"READY", "ERROR", "CANCELED"} or (made.state == "READY" and not made.alias_assigned_at):
        await asyncio.sleep(0.05)


async def deploy_again(platform: Platform, project: Project) -> Deployment:
    """Press Redeploy on the deployment that serves; the new one is on its way."""
    scope, current = platform.accounts.operator_scope, serving(platform, project)
    return await platform.deploy(
        Order(project, scope, True, current.source, current.files, current.git_source, current.meta, current.settings)
    )


def only_project(context: Context) -> tuple[Platform, Project]:
    """The platform, and the one project that the guide makes."""
    platform = context.service(VercelService).platform
    return platform, next(iter(platform.projects.all()))


def serving(platform: Platform, project: Project) -> Deployment:
    """The deployment that serves production."""
    current = platform.production(project)
    assert current is not None, "there is no production deployment"
    return current
