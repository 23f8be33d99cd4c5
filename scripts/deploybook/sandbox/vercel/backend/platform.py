"""What the API sets in motion: projects with their address, deployments, and the names under which they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.vercel.backend.builds import Builder
from deploybook.sandbox.vercel.backend.edge import Edge
from deploybook.sandbox.vercel.state import State
from deploybook.sandbox.vercel.state.accounts import Scope
from deploybook.sandbox.vercel.state.deployments import FAILED, Alias, Deployment
from deploybook.sandbox.vercel.state.identifiers import now
from deploybook.sandbox.vercel.state.projects import Domain, Project, Repository
from deploybook.sandbox.vercel.state.refusals import bad_request, conflict
from deploybook.sandbox.vercel.state.variables import Variable, check

OnProduction = Callable[[Project, Deployment, dict[str, str]], Awaitable[None]]


@dataclass(frozen=True)
class Order:
    """What is to be deployed."""

    project: Project
    scope: Scope
    production: bool
    source: str | None
    files: dict[str, bytes] = field(default_factory=dict)
    git_source: dict[str, Any] | None = None
    meta: dict[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    # For this one deployment; they win over the project's.
    variables: Mapping[str, str] = field(default_factory=dict)


class Platform(State):
    """The resources with the edge and the builder. ``on_production`` is awaited before a deployment takes the production names."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.edge = Edge(context, self)
        self.builder = Builder(context.faults, context.clock, self._publish)
        self.on_production: list[OnProduction] = []

    async def reset(self) -> None:
        """End every build, close every address and forget every resource."""
        await self.builder.close()
        await self.edge.close_all()
        self.clear()

    async def create_project(
        self,
        scope: Scope,
        name: str,
        settings: Mapping[str, Any],
        repository: Repository | None = None,
        variables: Iterable[Variable] = (),
    ) -> Project:
        """A new project with its production domain."""
        self.projects.check_name(name, scope.owner.id)
        project = Project(name, scope.owner.id, repository=repository)
        project.configure(settings)
        for variable in variables:
            check(variable, linked=repository is not None)
            project.variables.add(variable, upsert=False)
        self.projects.add(project)
        project.domain = await self.edge.open()
        project.domains[project.domain] = Domain(project.domain, project.id)
        return project

    async def delete_project(self, project: Project) -> None:
        """Remove a project, its deployments and its addresses."""
        hosts = [project.domain]
        while deployments := self.deployments_of(project):
            hosts.append(deployments[0].url)
            await self._forget(deployments[0])
        self.projects.remove(project)
        # Listeners take a moment to close, so all close at once.
        await asyncio.gather(*map(self.edge.close, hosts))

    def unchanged(self, order: Order) -> Deployment | None:
        """The newest deployment for the same target that did not fail, if its files and configuration are the same.

        Vercel answers with it unless ``forceNew`` is set ("Forces a new deployment even if there is a previous similar
        deployment"). The project's variables are not compared, so that deployment lacks those that were set since.
        """
        for deployment in self.deployments_of(order.project):
            if deployment.production == order.production and deployment.state not in FAILED:
                before = (deployment.files, deployment.git_source, deployment.settings, deployment.own_variables)
                wanted = (order.files, order.git_source, dict(order.settings), dict(order.variables))
                return deployment if before == wanted else None
        return None

    async def deploy(self, order: Order) -> Deployment:
        """A new deployment, queued; it keeps the variables as they are now."""
        project = order.project
        deployment = Deployment(
            project.name,
            project,
            order.scope.owner,
            order.scope.user,
            order.production,
            order.source,
            files=order.files,
            git_source=order.git_source,
            meta=order.meta,
            settings=dict(order.settings),
            own_variables=dict(order.variables),
        )
        deployment.url = await self.edge.open()
        system = self.system_variables(project, deployment)
        snapshot = project.variables.snapshot(deployment.environment, deployment.branch, system)
        deployment.variables = snapshot | dict(order.variables)
        self.deployments[deployment.id] = deployment
        self.builder.start(deployment)
        return deployment

    async def cancel(self, deployment: Deployment) -> None:
        """Stop a deployment that is being made."""
        deployment.check_cancelable()
        await self.builder.stop(deployment)
        deployment.enter("CANCELED")

    async def delete_deployment(self, deployment: Deployment) -> None:
        """Remove a deployment with its address."""
        await self._forget(deployment)
        await self.edge.close(deployment.url)

    async def promote(self, project: Project, deployment: Deployment, *, kind: str) -> None:
        """Point the project's production names at a deployment; ``kind`` is ``promote`` or ``rollback``."""
        if deployment.project is not project:
            raise bad_request("The deployment does not belong to the project.")
        deployment.check_ready()
        current = self.production(project)
        if current is deployment:
            raise conflict("The deployment is already the current production deployment.")
        await self._take_production(project, deployment)
        project.last_alias_request = {
            "fromDeploymentId": current.id if current else "",
            "toDeploymentId": deployment.id,
            "jobStatus": "failed" if deployment.alias_error else "succeeded",
            "requestedAt": now(),
            "type": kind,
        }

    def assign(self, deployment: Deployment, name: str, owner_id: str) -> Alias:
        """Make a deployment answer under one more name."""
        return self.point(self.check_alias(name, deployment, owner_id), deployment)

    def add_domain(self, project: Project, domain: Domain) -> Domain:
        """Give the project a domain; the production deployment, if there is one, answers under it at once."""
        added = self.projects.add_domain(project, domain)
        current = self.production(project)
        if current is not None and added.is_production:
            self.point(added.name, current)
        return added

    def remove_domain(self, project: Project, domain: Domain) -> None:
        """Take a domain away."""
        if domain.is_assigned:
            # The sandbox has one address for a project; without it nothing could reach the project any more.
            raise bad_request("The assigned production domain can not be removed.")
        del project.domains[domain.name]
        alias = self.aliases.get(domain.name)
        if alias is not None:
            self.remove_alias(alias)

    async def _forget(self, deployment: Deployment) -> None:
        await self.builder.stop(deployment)
        self.edge.sites.pop(deployment.id, None)
        self.remove_deployment(deployment)

    async def _publish(self, deployment: Deployment) -> None:
        project = deployment.project
        self.edge.mount(deployment)
        current = self.production(project)
        # A build that took longer than a later one must not take the names back.
        is_newest = current is None or current.created_at < deployment.created_at
        automatic = project.settings["autoAssignCustomDomains"]
        if deployment.production:
            deployment.ready_substate = "STAGED"
        if deployment.production and is_newest and automatic:
            await self._take_production(project, deployment)
        for domain in project.domains.values():
            if domain.git_branch is not None and domain.git_branch == deployment.branch:
                self.point(domain.name, deployment)
        # A staged deployment waits for somebody to promote it (vercel/vercel#14935).
        if automatic or not deployment.production:
            deployment.alias_assigned_at = now()

    async def _take_production(self, project: Project, deployment: Deployment) -> None:
        try:
            for callback in self.on_production:
                await callback(project, deployment, dict(deployment.variables))
        except Exception as problem:  # noqa: BLE001 - the client reads it as Vercel shows it, in the deployment's aliasError
            deployment.alias_error = f"{type(problem).__name__}: {problem}"
            return
        for domain in list(project.domains.values()):
            if domain.is_production:
                self.point(domain.name, deployment)
        deployment.alias_error = None
        deployment.ready_substate, deployment.alias_assigned_at = "PROMOTED", now()
