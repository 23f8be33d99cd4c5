"""Vercel's resources together, and the rules between them. No HTTP here; time passes in ``builder.py``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from deploybook.sandbox.vercel.accounts import Accounts
from deploybook.sandbox.vercel.deployments import Alias, Deployment
from deploybook.sandbox.vercel.domains import Domain, check_name, check_redirect
from deploybook.sandbox.vercel.errors import VercelError, bad_request, not_found
from deploybook.sandbox.vercel.identifiers import now
from deploybook.sandbox.vercel.projects import Project, Projects


class State:
    """Everything that the account holds."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.reset()

    def reset(self) -> None:
        """Forget every resource; the operator's credentials stay."""
        self.accounts.reset()
        self.projects = Projects()
        self.deployments: dict[str, Deployment] = {}
        self.aliases: dict[str, Alias] = {}
        self.files: dict[str, bytes] = {}

    def deployment(self, id_or_url: str, owner_id: str) -> Deployment:
        """The account's deployment of this id, own URL or alias."""
        host = id_or_url.removeprefix("https://").rstrip("/")
        by_alias = self.aliases.get(host)
        wanted = by_alias.deployment_id if by_alias else host
        for deployment in self.deployments.values():
            if deployment.owner_id == owner_id and wanted in {deployment.id, deployment.url}:
                return deployment
        raise not_found("Deployment not found")

    def deployments_of(self, project: Project) -> list[Deployment]:
        """The project's deployments, newest first."""
        return [one for one in reversed(self.deployments.values()) if one.project_id == project.id]

    def production(self, project: Project) -> Deployment | None:
        """The deployment that the project's production domain shows."""
        alias = self.aliases.get(project.domain)
        return self.deployments.get(alias.deployment_id) if alias else None

    def system_variables(self, project: Project, deployment: Deployment) -> dict[str, str]:
        """What Vercel itself tells a deployment: https://vercel.com/docs/environment-variables/system-environment-variables."""
        git = deployment.git_source or {}
        return {
            "VERCEL": "1",
            "VERCEL_ENV": deployment.target,
            "VERCEL_TARGET_ENV": deployment.target,
            "VERCEL_URL": deployment.url,
            "VERCEL_PROJECT_PRODUCTION_URL": project.domain,
            "VERCEL_REGION": "iad1",
            "VERCEL_DEPLOYMENT_ID": deployment.id,
            "VERCEL_PROJECT_ID": project.id,
            "VERCEL_GIT_COMMIT_REF": str(git.get("ref", "")),
            "VERCEL_GIT_COMMIT_SHA": str(git.get("sha", "")),
        }

    def add_file(self, digest: str | None, content: bytes, size: int | None) -> None:
        """Store an uploaded file under the SHA-1 that the client names, if it is the content's."""
        if not digest or hashlib.sha1(content, usedforsecurity=False).hexdigest() != digest.lower():
            raise VercelError(400, "invalid_digest", "Digest is not valid")
        if size is not None and size != len(content):
            raise VercelError(400, "invalid_size", "File size is not valid")
        self.files[digest.lower()] = content

    def gather(self, references: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
        """The contents of files named by digest; those that were not uploaded are listed in one refusal."""
        wanted = {str(one["file"]): str(one.get("sha") or "").lower() for one in references}
        missing = sorted({sha for sha in wanted.values() if sha not in self.files})
        if missing:
            raise VercelError(400, "missing_files", "Missing files", missing=missing)
        return {path: self.files[sha] for path, sha in wanted.items()}

    def add_domain(self, project: Project, domain: Domain) -> Domain:
        """Give the project a domain; one that is in use is refused."""
        domain.name = check_name(domain.name)
        for other in self.projects.all():
            if domain.name in other.domains:
                place = "this" if other is project else "another"
                raise VercelError(
                    409,
                    "domain_already_in_use",
                    f"Cannot add {domain.name} since it's already assigned to {place} project.",
                    projectId=other.id,
                )
        check_redirect(domain, list(project.domains.values()))
        project.domains[domain.name] = domain
        return domain

    def domain(self, project: Project, name: str) -> Domain:
        """The project's domain of this name."""
        if name.lower() not in project.domains:
            raise not_found("The domain is not assigned to the project.")
        return project.domains[name.lower()]

    def point(self, name: str, deployment: Deployment) -> Alias:
        """Make ``name`` show ``deployment``, whatever it showed before."""
        existing = self.aliases.get(name)
        if existing is not None:
            self._unlist(existing)
        alias = existing or Alias(name, deployment.project_id, deployment.id)
        alias.project_id, alias.deployment_id, alias.updated_at = deployment.project_id, deployment.id, now()
        self.aliases[name] = alias
        deployment.aliases.append(name)
        return alias

    def find_alias(self, id_or_name: str, owner_id: str) -> Alias:
        """The account's alias of this id or name."""
        for alias in self.aliases.values():
            if id_or_name in {alias.uid, alias.alias} and self.deployments[alias.deployment_id].owner_id == owner_id:
                return alias
        raise not_found("The alias was not found")

    def remove_alias(self, alias: Alias) -> None:
        """Make a name show nothing."""
        self._unlist(alias)
        del self.aliases[alias.alias]

    def check_alias(self, name: str, deployment: Deployment, owner_id: str) -> str:
        """The name under which a deployment may be shown by hand."""
        deployment.check_ready()
        known = {domain for project in self.projects.owned(owner_id) for domain in project.domains}
        lowered = name.lower() if name.lower() in known else check_name(name)
        existing = self.aliases.get(lowered)
        if existing is not None and existing.deployment_id == deployment.id:
            raise VercelError(409, "conflict", "The provided alias is already assigned to the given deployment")
        if existing is not None and self.deployments[existing.deployment_id].owner_id != owner_id:
            raise bad_request("The supplied alias is invalid")
        return lowered

    def remove_deployment(self, deployment: Deployment) -> None:
        """Forget a deployment and the names that showed it."""
        for alias in [alias for alias in self.aliases.values() if alias.deployment_id == deployment.id]:
            self.remove_alias(alias)
        del self.deployments[deployment.id]

    def _unlist(self, alias: Alias) -> None:
        shown = self.deployments.get(alias.deployment_id)
        if shown is not None and alias.alias in shown.aliases:
            shown.aliases.remove(alias.alias)
