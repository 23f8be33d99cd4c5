"""Troubles at Vercel, as somebody makes them in its dashboard."""

from __future__ import annotations

import asyncio

from deploybook.sandbox.service import Context
from deploybook.sandbox.troubles.registry import trouble
from deploybook.sandbox.vercel.accounts import Scope
from deploybook.sandbox.vercel.platform import Order, Platform
from deploybook.sandbox.vercel.projects import Project
from deploybook.sandbox.vercel.service import VercelService


@trouble("playback")
async def storage_backend_removed(context: Context) -> None:
    """STORAGE_BACKEND is removed in the dashboard, and the app deployed again."""
    platform, project = _only_project(context)
    remove_variable(project, "STORAGE_BACKEND")
    await redeploy(platform, project)


def remove_variable(project: Project, name: str) -> None:
    """Press Remove beside a variable."""
    for variable in project.variables.all():
        if variable.key == name:
            project.variables.remove(variable.id)


async def redeploy(platform: Platform, project: Project) -> None:
    """Press Redeploy on the deployment that serves, and wait for the new one to take its place."""
    accounts, current = platform.state.accounts, platform.state.production(project)
    assert current is not None, "there is no production deployment to make again"
    scope = Scope(accounts.operator, accounts.user, accounts.team)
    made = await platform.deploy(
        Order(project, scope, True, current.source, current.files, current.git_source, current.meta, current.settings)
    )
    while made.state not in {"READY", "ERROR", "CANCELED"} or (made.state == "READY" and not made.alias_assigned_at):
        await asyncio.sleep(0.05)


def _only_project(context: Context) -> tuple[Platform, Project]:
    platform = context.service(VercelService).platform
    return platform, next(iter(platform.state.projects.all()))
