"""Vercel's REST API, the part that a production project needs. Wire formats: Vercel's published description, by operation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.clouds.vercel.refusals import REFUSALS, explain
from deploybook.clouds.vercel.schema import (
    STATES,
    DeploymentAnswer,
    DeploymentPage,
    Domain,
    DomainPage,
    EventAnswer,
    FailureReason,
    Owner,
    Page,
    ProjectAnswer,
    PutAnswer,
    TeamPage,
    UserAnswer,
    VariableAnswer,
    VariablePage,
)
from deploybook.errors import InvalidValue, NotFound, UnexpectedResponse
from deploybook.state.pins import Account

Listed = TypeVar("Listed")

API_URL = "https://api.vercel.com"
TEAM_ID = re.compile(r"team_[A-Za-z0-9]+")
# A repeated DELETE whose first answer was lost finds nothing any more: that is what was wanted.
GONE = (200, 204, 404)
# Vercel allows so many rows of a list at once.
PAGE = 100
# How many deployments are looked through for one that is ready: whoever has more failures in a row has another problem.
MOST_DEPLOYMENTS = 200


@dataclass
class Vercel:
    """One team (or, without ``team_id``, the token's own account). Every method raises a ServiceError when Vercel refuses."""

    api: Api
    team_id: str
    _owner: Owner | None = None
    _domains: dict[str, list[Domain]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(3))
    _ahead: dict[str, Future[list[Any]]] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: str = "") -> Vercel:
        """Reads ``VERCEL_TOKEN``, ``VERCEL_TEAM_ID`` and ``VERCEL_API_URL``.

        Without ``VERCEL_TEAM_ID`` it is the team ``home``, in which the environment lives; without that too the personal account.
        Raises MissingVariable, or InvalidValue for a team that is no id.
        """
        team = environ.get("VERCEL_TEAM_ID", "").strip() or home
        if team and not TEAM_ID.fullmatch(team):
            hint = "Use the id under Team Settings, General: it begins with team_."
            raise InvalidValue("VERCEL_TEAM_ID is not a team's id.", hint, "vercel-team")
        headers = {"Authorization": f"Bearer {secret(environ, 'VERCEL_TOKEN').get_secret_value()}"}
        client = http.open_client(endpoint(environ, "VERCEL_API_URL", API_URL), headers=headers)
        if team:
            # Without it a call acts on the personal account, where the team's project is simply not found.
            client.params = client.params.set("teamId", team)
        return cls(Api("Vercel", client, explain, "VERCEL_TOKEN", "VERCEL_API_URL", REFUSALS), team)

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown(cancel_futures=True)
        self.api.client.close()

    def account(self, *, named: bool = True) -> Account:
        """The team, or the user where no team is named; a team is not asked for where its id will do."""
        if self.team_id and not named:
            return Account(id=self.team_id)
        owner = self.owner()
        return Account(id=owner.id, name=owner.slug or owner.username)

    def named_account(self) -> Account:
        """The same with its name."""
        return self.account()

    @property
    def known_name(self) -> str:
        """The slug of the team, or the user's name; empty before it was asked for."""
        return (self._owner.slug or self._owner.username) if self._owner else ""

    def owner(self) -> Owner:
        """The team, or the user where no team is named; read once."""
        self._owner = self._owner or self._read_owner()
        return self._owner

    def teams(self) -> list[Account]:
        """The teams that the token reaches, by id and slug (operation getTeams)."""
        pages = self._pages(TeamPage, "list the teams", "/v2/teams", {"limit": PAGE})
        return [Account(id=team.id, name=team.slug) for page in pages for team in page.teams]

    def _read_owner(self) -> Owner:
        if self.team_id:
            return self.api.read(Owner, "read the team", "GET", f"/v2/teams/{_part(self.team_id)}")
        return self.api.read(UserAnswer, "read the user", "GET", "/v2/user").user

    def project(self, name: str) -> ProjectAnswer | None:
        """One project by name or id, or None."""
        try:
            return self.api.read(ProjectAnswer, f"read the project {name}", "GET", f"/v9/projects/{_part(name)}")
        except NotFound:
            return None

    def create_project(self, name: str, settings: Mapping[str, Any]) -> ProjectAnswer:
        """Make a project (operation createProject); a name that is taken is a Conflict."""
        body = {"name": name, **settings}
        return self.api.read(ProjectAnswer, f"create the project {name}", "POST", "/v11/projects", json=body)

    def update_project(self, project_id: str, settings: Mapping[str, Any]) -> ProjectAnswer:
        """Change a project's settings (operation updateProject)."""
        path, body = f"/v9/projects/{_part(project_id)}", dict(settings)
        return self.api.read(ProjectAnswer, "change the project", "PATCH", path, json=body, repeatable=True)

    def delete_project(self, project_id: str) -> None:
        """Remove a project with its deployments, variables and domains."""
        self.api.call("delete the project", "DELETE", f"/v9/projects/{_part(project_id)}", expect=GONE)

    def read_ahead(self, project_id: str) -> None:
        """Ask together for all that the section goes on to read of a project; each answer is for the first who wants it."""
        for read in (self._list_variables, self._list_domains, self._list_production_deployments):
            self._ahead[read.__name__ + project_id] = self._pool.submit(read, project_id)

    def variables(self, project_id: str) -> list[VariableAnswer]:
        """Every variable of a project; values in clear, except for sensitive ones, which have none."""
        return self._asked(self._list_variables, project_id)

    def _asked(self, read: Callable[[str], list[Listed]], project_id: str) -> list[Listed]:
        future = self._ahead.pop(read.__name__ + project_id, None)
        return future.result() if future else read(project_id)

    def _list_variables(self, project_id: str) -> list[VariableAnswer]:
        path, params = f"/v10/projects/{_part(project_id)}/env", {"decrypt": "true"}
        pages = self._pages(VariablePage | VariableAnswer, "list the variables", path, params)
        return [
            variable for page in pages for variable in (page.variables if isinstance(page, VariablePage) else (page,))
        ]

    def put_variables(self, project_id: str, variables: Sequence[Mapping[str, Any]]) -> list[VariableAnswer]:
        """Create or overwrite variables in one request. An answer that lists failures is an error, whatever its status."""
        operation = f"set {', '.join(str(variable['key']) for variable in variables)}"
        path, body = f"/v10/projects/{_part(project_id)}/env", [dict(variable) for variable in variables]
        # Writing the same values over themselves changes nothing: unlike other POSTs this one may be sent again.
        options: dict[str, Any] = {"params": {"upsert": "true"}, "json": body, "repeatable": True}
        answer = self.api.read(PutAnswer, operation, "POST", path, **options)
        if answer.failed:
            set_now = {variable.key for variable in answer.created}
            missing = [variable["key"] for variable in body if variable["key"] not in set_now]
            raise _not_set(operation, answer.failed[0].error, missing)
        return list(answer.created)

    def retarget_variable(self, project_id: str, variable_id: str, targets: Sequence[str]) -> None:
        """Set where a variable applies; its value stays."""
        path = f"/v9/projects/{_part(project_id)}/env/{_part(variable_id)}"
        self.api.call("change a variable's target", "PATCH", path, json={"target": list(targets)}, repeatable=True)

    def delete_variable(self, project_id: str, variable_id: str) -> None:
        """Remove a variable."""
        self.api.call(
            "delete a variable", "DELETE", f"/v9/projects/{_part(project_id)}/env/{_part(variable_id)}", expect=GONE
        )

    def domains(self, project_id: str) -> list[Domain]:
        """Every domain of a project."""
        # Read once, unless there was none: the first deployment may bring it.
        if not self._domains.get(project_id):
            self._domains[project_id] = self._asked(self._list_domains, project_id)
        return self._domains[project_id]

    def _list_domains(self, project_id: str) -> list[Domain]:
        path = f"/v9/projects/{_part(project_id)}/domains"
        pages = self._pages(DomainPage, "list the domains", path, {"limit": PAGE})
        return [domain for page in pages for domain in page.domains]

    def upload(self, content: bytes) -> str:
        """Upload one file's bytes; gives the SHA-1 by which a deployment refers to them. Doing it twice changes nothing."""
        # SHA-1 is what Vercel's protocol names files by; nothing is protected by it.
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        headers = {"x-vercel-digest": digest, "Content-Type": "application/octet-stream"}
        self.api.call("upload a file", "POST", "/v2/files", content=content, headers=headers, repeatable=True)
        return digest

    def create_deployment(self, body: Mapping[str, Any]) -> DeploymentAnswer:
        """Start a deployment (operation createDeployment)."""
        # Unless forced, Vercel may answer with an earlier deployment of the same files, which lacks the newer variables.
        params = {"skipAutoDetectionConfirmation": "1", "forceNew": "1"}
        path = "/v13/deployments"
        return self.api.read(DeploymentAnswer, "start a deployment", "POST", path, params=params, json=dict(body))

    def deployment(self, id_or_host: str) -> DeploymentAnswer:
        """One deployment, or the one that a host name shows."""
        return self.api.read(DeploymentAnswer, "read the deployment", "GET", f"/v13/deployments/{_part(id_or_host)}")

    def production_deployments(self, project_id: str) -> list[DeploymentAnswer]:
        """The latest production deployments, newest first, back to one that is ready."""
        return self._asked(self._list_production_deployments, project_id)

    def _list_production_deployments(self, project_id: str) -> list[DeploymentAnswer]:
        params = {"projectId": project_id, "target": "production", "limit": 20}
        deployments: list[DeploymentAnswer] = []
        for page in self._pages(DeploymentPage, "list the deployments", "/v6/deployments", params):
            deployments += page.deployments
            ready = any(deployment.state in STATES.good for deployment in page.deployments)
            if ready or len(deployments) >= MOST_DEPLOYMENTS:
                break
        return sorted(deployments, key=lambda deployment: -deployment.created)

    def build_log(self, deployment_id: str, lines: int = 8) -> list[str]:
        """The last lines that a build printed."""
        path = f"/v3/deployments/{_part(deployment_id)}/events"
        params = {"builds": 1, "direction": "backward", "limit": 100}
        events = self.api.read(list[EventAnswer | None], "read the build's log", "GET", path, params=params)
        ordered = sorted((event for event in events if event), key=lambda event: event.created)
        return [event.line for event in ordered if event.line][-lines:]

    def _pages(self, shape: Any, operation: str, path: str, params: Mapping[str, Any]) -> Iterator[Any]:
        """Each page of a list, as far as it is asked for. ``next`` is a time that only goes back: one that does not ends in an error."""
        until: float | None = None
        while True:
            page = self.api.read(shape, operation, "GET", path, params={**params, "until": _whole(until)})
            yield page
            pagination = page.pagination if isinstance(page, Page) else None
            following = pagination.next if pagination else None
            if following is None:
                return
            if until is not None and following >= until:
                raise _does_not_end(operation)
            until = following


def _part(name: str) -> str:
    """A name or an id as one part of a path; a host keeps the colon before its port."""
    return quote(name, safe=":")


def _whole(moment: float | None) -> str | None:
    return None if moment is None else f"{moment:.0f}"


def _does_not_end(operation: str) -> UnexpectedResponse:
    message = f"Vercel could not {operation}: its list does not end."
    return UnexpectedResponse(
        "Vercel", operation, message, "Run this again; if it persists, check Vercel's status page."
    )


def _not_set(operation: str, error: FailureReason, missing: Sequence[str]) -> UnexpectedResponse:
    """The error for variables that Vercel reports as failed; it names the first of them if the answer does."""
    name = error.key or error.env_var_key or ", ".join(missing) or "a variable"
    reason = error.message.rstrip(".") or "no reason given"
    message = f"Vercel could not set {name}: {reason} ({error.code or 'no code'})."
    hint = "Correct what it says in the dashboard, then run this again: the others were set."
    return UnexpectedResponse("Vercel", operation, message, hint, "vercel-variables", code=error.code)
