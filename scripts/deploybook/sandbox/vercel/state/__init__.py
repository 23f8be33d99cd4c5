"""Vercel's resources together, and the rules between them. Time passes in ``backend/``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.state.accounts import Accounts
from deploybook.sandbox.vercel.state.deployments import Alias, Deployment
from deploybook.sandbox.vercel.state.identifiers import now
from deploybook.sandbox.vercel.state.projects import Project, Projects, check_name
from deploybook.sandbox.vercel.state.refusals import bad_request, conflict, not_found


class State:
    """Everything that the account holds."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.clear()

    def clear(self) -> None:
        """Forget every resource; the operator's credentials stay."""
        self.accounts.clear()
        self.projects = Projects()
        self.deployments: dict[str, Deployment] = {}
        self.aliases: dict[str, Alias] = {}
        self.files: dict[str, bytes] = {}

    def deployment(self, id_or_url: str, owner_id: str) -> Deployment:
        """The account's deployment of this id, own URL or alias."""
        host = id_or_url.removeprefix("https://").rstrip("/")
        alias = self.aliases.get(host)
        candidates = [alias.deployment] if alias else self.deployments.values()
        for deployment in candidates:
            if deployment.owner.id == owner_id and (alias or host in {deployment.id, deployment.url}):
                return deployment
        raise not_found("Deployment not found")

    def deployments_of(self, project: Project) -> list[Deployment]:
        """The project's deployments, newest first."""
        return [one for one in reversed(self.deployments.values()) if one.project is project]

    def production(self, project: Project) -> Deployment | None:
        """The deployment under the project's production domain."""
        alias = self.aliases.get(project.domain)
        return alias.deployment if alias else None

    def system_variables(self, project: Project, deployment: Deployment) -> dict[str, str]:
        """The variables that Vercel itself gives to a deployment (https://vercel.com/docs/environment-variables/system-environment-variables)."""
        git = deployment.git_source or {}
        return {
            "VERCEL": "1",
            "VERCEL_ENV": deployment.environment,
            "VERCEL_TARGET_ENV": deployment.environment,
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
            raise Refusal(400, "Digest is not valid", "invalid_digest")
        if size is not None and size != len(content):
            raise Refusal(400, "File size is not valid", "invalid_size")
        self.files[digest.lower()] = content

    def uploaded(self, digests: Mapping[str, str]) -> dict[str, bytes]:
        """The contents of uploaded files, by path; those that are missing are listed in one refusal."""
        missing = sorted({sha for sha in digests.values() if sha not in self.files})
        if missing:
            raise Refusal(400, "Missing files", "missing_files", missing=missing)
        return {path: self.files[sha] for path, sha in digests.items()}

    def point(self, name: str, deployment: Deployment) -> Alias:
        """Make ``deployment`` answer under ``name``, whatever did before."""
        alias = self.aliases.get(name)
        if alias is None:
            alias = self.aliases[name] = Alias(name, deployment)
        else:
            alias.deployment.aliases.remove(name)
        alias.deployment, alias.updated_at = deployment, now()
        deployment.aliases.append(name)
        return alias

    def find_alias(self, id_or_name: str, owner_id: str) -> Alias:
        """The account's alias of this id or name."""
        for alias in self.aliases.values():
            if id_or_name in {alias.uid, alias.alias} and alias.deployment.owner.id == owner_id:
                return alias
        raise not_found("The alias was not found")

    def remove_alias(self, alias: Alias) -> None:
        """Forget a name."""
        alias.deployment.aliases.remove(alias.alias)
        del self.aliases[alias.alias]

    def check_alias(self, name: str, deployment: Deployment, owner_id: str) -> str:
        """The name, if somebody may give it to the deployment by hand."""
        deployment.check_ready()
        own = {domain for project in self.projects.owned(owner_id) for domain in project.domains}
        lowered = name.lower() if name.lower() in own else check_name(name)
        existing = self.aliases.get(lowered)
        if existing is not None and existing.deployment is deployment:
            raise conflict("The provided alias is already assigned to the given deployment")
        if existing is not None and existing.deployment.owner.id != owner_id:
            raise bad_request("The supplied alias is invalid")
        return lowered

    def remove_deployment(self, deployment: Deployment) -> None:
        """Forget a deployment and its names."""
        for name in list(deployment.aliases):
            self.remove_alias(self.aliases[name])
        del self.deployments[deployment.id]
