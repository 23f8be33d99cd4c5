"""Projects: names, settings, the linked repository, protection. Operations ``createProject`` … ``deleteProject``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploybook.sandbox.vercel.domains import Domain
from deploybook.sandbox.vercel.errors import VercelError, bad_request, not_found
from deploybook.sandbox.vercel.identifiers import mint, now
from deploybook.sandbox.vercel.variables import Variables

_NAME = re.compile(r"(?!.*---)[a-z0-9._-]{1,100}")

# Vercel's defaults for a new project; a request changes them under the same names.
DEFAULTS: dict[str, Any] = {
    "autoAssignCustomDomains": True,
    "autoExposeSystemEnvs": True,
    "buildCommand": None,
    "commandForIgnoringBuildStep": None,
    "devCommand": None,
    "directoryListing": False,
    "gitForkProtection": True,
    "gitLFS": False,
    "installCommand": None,
    "nodeVersion": "22.x",
    "outputDirectory": None,
    "publicSource": None,
    "rootDirectory": None,
    "sourceFilesOutsideRootDirectory": True,
}


@dataclass(frozen=True)
class Repository:
    """A linked git repository."""

    type: str
    owner: str
    name: str
    id: int
    created_at: int = field(default_factory=now)
    production_branch: str = "main"
    credential_id: str = field(default_factory=lambda: "cred_" + mint(length=40).lower())

    @classmethod
    def parse(cls, kind: str, path: str) -> Repository:
        """From ``owner/name``."""
        owner, _, name = path.partition("/")
        if not owner or not name or "/" in name:
            raise bad_request("Invalid request: `gitRepository.repo` should be of the form `owner/repository`.")
        # Any fixed number will do, if the same repository always has the same one.
        return cls(kind, owner, name, id=sum(ord(c) * 31**i for i, c in enumerate(path.lower())) % 10**9)


@dataclass
class Project:
    """One project. ``settings`` holds what requests set, by Vercel's names; ``domain`` is the production host and port."""

    name: str
    owner_id: str
    framework: str | None = None
    # Whether anyone has said how to build it: until then the first deployment must.
    is_configured: bool = False
    repository: Repository | None = None
    sso_protection: dict[str, str] | None = field(
        default_factory=lambda: {"deploymentType": "prod_deployment_urls_and_all_previews"}
    )
    bypasses: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    variables: Variables = field(default_factory=Variables)
    domains: dict[str, Domain] = field(default_factory=dict)
    domain: str = ""
    # The last promotion or rollback, by Vercel's names: clients wait on it.
    last_alias_request: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: mint("prj_"))
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)

    def configure(self, given: Mapping[str, Any]) -> None:
        """Take settings over by Vercel's names."""
        settings = dict(given)
        if "framework" in settings:
            self.framework = settings.pop("framework")
            self.is_configured = True
        if "ssoProtection" in settings:
            self.sso_protection = settings.pop("ssoProtection")
        self.settings.update(settings)
        self.updated_at = now()

    def protects(self, *, production_domain: bool, production: bool) -> bool:
        """Whether Deployment Protection stands before a host of this project.

        https://vercel.com/docs/deployment-protection: the standard kinds leave the production domains open.
        """
        kind = (self.sso_protection or {}).get("deploymentType")
        if kind is None:
            return False
        if kind == "all":
            return True
        if kind == "preview":
            return not production
        return not production_domain

    def bypass(self, *, revoke: str | None, regenerate: bool, generate: str | None, user_id: str) -> None:
        """Revoke and make secrets of "Protection Bypass for Automation"."""
        if revoke is not None:
            if revoke not in self.bypasses:
                raise not_found("The protection bypass secret was not found.")
            del self.bypasses[revoke]
        if generate is not None or regenerate:
            secret = generate or mint(length=32)
            if secret in self.bypasses:
                raise VercelError(409, "conflict", "The protection bypass secret exists already.")
            self.bypasses[secret] = {"createdAt": now(), "createdBy": user_id, "scope": "automation-bypass"}


class Projects:
    """All projects, newest first in lists; names are unique in an account."""

    def __init__(self) -> None:
        self._all: dict[str, Project] = {}

    def all(self) -> list[Project]:
        """Every project of every account."""
        return list(self._all.values())

    def owned(self, owner_id: str) -> list[Project]:
        """The projects of an account, newest first."""
        return [project for project in reversed(self._all.values()) if project.owner_id == owner_id]

    def find(self, id_or_name: str, owner_id: str) -> Project | None:
        """The account's project of this id or name."""
        return next((one for one in self.owned(owner_id) if id_or_name in {one.id, one.name}), None)

    def get(self, id_or_name: str, owner_id: str) -> Project:
        """Like ``find``; another account's project is as absent as one that never was."""
        found = self.find(id_or_name, owner_id)
        if found is None:
            raise not_found("Project not found.")
        return found

    def check_name(self, name: str, owner_id: str, *, renamed: Project | None = None) -> None:
        """Refuse a malformed name or one that is taken."""
        if not _NAME.fullmatch(name):
            raise VercelError(
                400,
                "invalid_project_name",
                "Project names can be up to 100 characters long and must be lowercase. They can include letters, "
                "digits, and the following characters: '.', '_', '-'. However, they cannot contain the sequence '---'.",
            )
        existing = self.find(name, owner_id)
        if existing is not None and existing is not renamed:
            raise VercelError(409, "conflict", f'Project "{name}" already exists, please use a new name.')

    def add(self, project: Project) -> None:
        """Store a project whose name was checked."""
        self._all[project.id] = project

    def remove(self, project: Project) -> None:
        """Forget a project."""
        del self._all[project.id]
