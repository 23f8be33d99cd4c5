"""The project: its name, its framework, its repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.times import from_milliseconds
from deploybook.errors import Conflict, InvalidValue, NotFound, PermissionDenied
from deploybook.state.pins import Account

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.clouds.vercel.schema import ProjectAnswer

FRAMEWORK = "nextjs"
REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ProjectState:
    """A project as it is; ``repository`` is ``owner/name`` on GitHub, ``repository_id`` GitHub's id; both are empty if none is linked."""

    id: str
    owner_id: str
    framework: str = FRAMEWORK
    root_directory: str = ""
    repository: str = ""
    repository_id: str = ""
    created: int = 0
    # Whether a deployment that is ready is given the production domains without anybody promoting it.
    auto_assigns_domains: bool = True


class Project(Resource[ProjectState]):
    """A Next.js project. The repository is linked when the project is made; only the dashboard can link another one later.

    ``reads_ahead``: its variables, domains and deployments are wanted next, and are asked for together as soon as it is found.
    """

    kind: ClassVar[str] = "Vercel project"
    provider: ClassVar[str] = "vercel"
    known_by_id: ClassVar[bool] = True

    def __init__(self, name: str, *, repository: str = "", root_directory: str = "", reads_ahead: bool = False) -> None:
        if repository and not REPOSITORY.fullmatch(repository):
            raise InvalidValue(f"{repository!r} is not a GitHub repository.", "Write it as <OWNER>/<NAME>.")
        self.name = name
        self.repository = repository
        self.root_directory = root_directory
        self._reads_ahead = reads_ahead
        self._home: Account | None = None
        self.variables = ("VERCEL_PROJECT_ID", "VERCEL_ORG_ID", "NEXT_PUBLIC_APP_URL")

    def identity(self, state: ProjectState) -> str:
        """The project's id, which it keeps when it is renamed."""
        return state.id

    def page(self, clouds: Connections, state: ProjectState) -> str:
        """Vercel's page of the project."""
        del state
        return dashboards.vercel(clouds, self.name)

    def known(self, state: ProjectState | None, vault_values: VaultValues) -> bool:
        """The vault holds its id."""
        recorded = vault_values.get("VERCEL_PROJECT_ID")
        return state is not None and recorded is not None and recorded.get_secret_value() == state.id

    def born(self, state: ProjectState) -> datetime | None:
        """``createdAt``."""
        return from_milliseconds(state.created)

    def read(self, clouds: Connections) -> ProjectState | None:
        """Operation getProject, by the ledger's id, else by name."""
        project = clouds.vercel.project(self.known_id) if self.known_id else None
        project = project or clouds.vercel.project(self.name)
        if project is None:
            return None
        self._home = clouds.home("github")
        if self._reads_ahead:
            clouds.vercel.read_ahead(project.id)
        return _state(project)

    def differences(self, state: ProjectState) -> list[Change]:
        """Compare the framework, the root directory, and the repository if one is desired."""
        changes = []
        if state.framework != FRAMEWORK:
            changes.append(Change("framework", state.framework or "none", FRAMEWORK))
        if state.root_directory != self.root_directory:
            changes.append(Change("root directory", state.root_directory or "/", self.root_directory or "/"))
        if self.repository and not self._is_linked(state):
            present = state.repository or "none"
            changes.append(Change("repository", present, self.repository, entry="vercel-repository"))
        return changes

    def _is_linked(self, state: ProjectState) -> bool:
        """Whether the linked repository is the desired one: by name, or, after a rename, by the id that the environment has for it."""
        if state.repository.lower() == self.repository.lower():
            return True
        home = self._home
        return bool(home and state.repository_id == home.id and home.name.lower() == self.repository.lower())

    def create(self, clouds: Connections) -> ProjectState:
        """Operation createProject."""
        settings = self._settings()
        if self.repository:
            settings["gitRepository"] = {"type": "github", "repo": self.repository}
        return _state(clouds.vercel.create_project(self.name, settings))

    def update(self, clouds: Connections, state: ProjectState, changes: list[Change]) -> ProjectState:
        """Operation updateProject; a project that is linked otherwise is a Conflict for the operator to settle."""
        if any(change.field == "repository" for change in changes):
            raise Conflict(
                "Vercel",
                "link the repository",
                f"The project {self.name} is linked to {state.repository or 'no repository'}, not to {self.repository}.",
                f"Link it in the dashboard (Settings, Git), or set git_repository to {state.repository or 'empty'}{self._renamed(state)}.",
                "vercel-repository",
            )
        return _state(clouds.vercel.update_project(state.id, self._settings()))

    def _renamed(self, state: ProjectState) -> str:
        """When the former name is right: Vercel has the environment's repository by its id, and the new name cannot be compared."""
        ours = self._home and state.repository_id == self._home.id
        return f" if {self.repository} is its new name" if ours else ""

    def delete(self, clouds: Connections, state: ProjectState) -> None:
        """Operation deleteProject."""
        clouds.vercel.delete_project(state.id)

    def planned(self) -> ProjectState:
        """Its id is known only when it is made."""
        return ProjectState(id="", owner_id="", repository=self.repository)

    def _settings(self) -> dict[str, Any]:
        return {"framework": FRAMEWORK, "rootDirectory": self.root_directory or None}


def team_is_visible(vercel: Vercel) -> str:
    """The token is known and sees the team."""
    try:
        owner = vercel.owner()
    except (NotFound, PermissionDenied) as error:
        if error.entry == "vercel-team":
            raise
        hint = "Check VERCEL_TEAM_ID (Team Settings, General), and that the token's scope is that team."
        raise type(error)(
            "Vercel", error.operation, error.message, hint, "vercel-team", error.status, error.code
        ) from None
    return owner.slug or owner.username or owner.id


def production_url(vercel: Vercel, project: ProjectState, domain: str = "") -> str:
    """The origin at which the project answers in production, such as ``https://<NAME>.vercel.app``; empty while it has none.

    ``domain`` chooses among several; without it a domain of one's own goes before Vercel's.
    """
    if not project.id:
        return ""
    names = [entry.name for entry in vercel.domains(project.id) if entry.serves_production]
    if domain and domain not in names:
        domains = ", ".join(names) or "none"
        raise NotFound(
            "Vercel",
            "find the domain",
            f"{domain} is not a verified domain of the project (it has {domains}).",
            "Add it in the dashboard (Settings, Domains), or leave the parameter domain empty.",
            "vercel-domain",
        )
    ordered = sorted(names, key=lambda name: (name.endswith(".vercel.app"), len(name), name))
    return f"https://{domain or ordered[0]}" if ordered else ""


def _state(project: ProjectAnswer) -> ProjectState:
    link = project.link
    return ProjectState(
        id=project.id,
        owner_id=project.account_id,
        framework=project.framework,
        root_directory=project.root_directory,
        repository=f"{link.org}/{link.repo}" if link and link.org and link.repo else "",
        repository_id=str(link.repo_id) if link and link.repo_id is not None else "",
        created=int(project.created or 0),
        auto_assigns_domains=project.auto_assigns_domains is not False,
    )
