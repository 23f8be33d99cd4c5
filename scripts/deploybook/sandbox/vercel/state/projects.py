"""Projects: names, settings, the linked repository, protection, domains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.state.identifiers import mint, now
from deploybook.sandbox.vercel.state.refusals import bad_request, conflict, not_found
from deploybook.sandbox.vercel.state.variables import Variables

_HOSTNAME = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
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
class Domain:
    """A name under which a project's production deployment (or a branch's, or a redirect) answers."""

    name: str
    project_id: str
    git_branch: str | None = None
    redirect: str | None = None
    redirect_status_code: int | None = None
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)

    @property
    def apex(self) -> str:
        """The registrable name; a loopback address is its own."""
        return self.name if self.is_assigned else ".".join(self.name.split(".")[-2:])

    @property
    def is_assigned(self) -> bool:
        """Whether Vercel gave it (``<project>.vercel.app`` there, a loopback port here): such a name needs no DNS."""
        return self.name.startswith("127.0.0.1:")

    @property
    def is_production(self) -> bool:
        """Whether it shows the production deployment."""
        return self.git_branch is None and self.redirect is None


def check_name(name: str) -> str:
    """The name in lower case, if it is a host name."""
    lowered = name.lower()
    if not _HOSTNAME.fullmatch(lowered):
        raise Refusal(400, f"The domain name `{name}` is not valid", "invalid_domain")
    return lowered


def check_redirect(domain: Domain, siblings: list[Domain]) -> None:
    """Refuse a redirect beside a branch, to itself, or to a name that the project doesn't have."""
    if domain.redirect is None:
        return
    if domain.git_branch is not None:
        raise bad_request("You can't set both a git branch and a redirect for the domain")
    if domain.redirect == domain.name or domain.redirect not in {sibling.name for sibling in siblings}:
        raise Refusal(400, "The domain redirect is not valid", "invalid_redirect")


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
    # Attack Challenge Mode: every visitor that is no browser gets a challenge in place of the site.
    attack_mode: bool = False
    paused: bool = False
    # The last promotion or rollback, by Vercel's names: clients wait on it.
    last_alias_request: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: mint("prj_"))
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change settings, by Vercel's names."""
        settings = dict(changes)
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

    def named_domain(self, name: str) -> Domain:
        """The domain of this name."""
        if name.lower() not in self.domains:
            raise not_found("The domain is not assigned to the project.")
        return self.domains[name.lower()]

    def bypass(self, *, revoke: str | None, regenerate: bool, generate: str | None, user_id: str) -> None:
        """Revoke and make secrets of "Protection Bypass for Automation"."""
        if revoke is not None:
            if revoke not in self.bypasses:
                raise not_found("The protection bypass secret was not found.")
            del self.bypasses[revoke]
        if generate is not None or regenerate:
            secret = generate or mint(length=32)
            if secret in self.bypasses:
                raise conflict("The protection bypass secret exists already.")
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
        project = self.find(id_or_name, owner_id)
        if project is None:
            raise not_found("Project not found.")
        return project

    def check_name(self, name: str, owner_id: str, *, renamed: Project | None = None) -> None:
        """Refuse a malformed name or one that is taken."""
        if not _NAME.fullmatch(name):
            raise Refusal(
                400,
                "Project names can be up to 100 characters long and must be lowercase. They can include letters, "
                "digits, and the following characters: '.', '_', '-'. However, they cannot contain the sequence '---'.",
                "invalid_project_name",
            )
        existing = self.find(name, owner_id)
        if existing is not None and existing is not renamed:
            raise conflict(f'Project "{name}" already exists, please use a new name.')

    def add(self, project: Project) -> None:
        """Store a project whose name was checked."""
        self._all[project.id] = project

    def remove(self, project: Project) -> None:
        """Forget a project."""
        del self._all[project.id]

    def add_domain(self, project: Project, domain: Domain) -> Domain:
        """Give ``project`` a domain; one that is in use is refused."""
        domain.name = check_name(domain.name)
        for other in self._all.values():
            if domain.name in other.domains:
                owner = "this" if other is project else "another"
                message = f"Cannot add {domain.name} since it's already assigned to {owner} project."
                raise Refusal(409, message, "domain_already_in_use", projectId=other.id)
        check_redirect(domain, list(project.domains.values()))
        project.domains[domain.name] = domain
        return domain
