"""Vercel's REST API, the part that a production project needs. Wire formats: Vercel's published description, by operation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.clouds.refusals import Refusal
from deploybook.errors import InvalidValue, NotFound, Unauthorized, UnexpectedResponse
from deploybook.state.pins import Account

Listed = list[dict[str, Any]]

API_URL = "https://api.vercel.com"
TEAM_ID = re.compile(r"team_[A-Za-z0-9]+")
# A repeated DELETE whose first answer was lost finds nothing any more: that is what was wanted.
GONE = (200, 204, 404)
# Vercel answers 403, not 401, where the token itself is absent or unknown.
TOKEN_REFUSED = (Refusal(Unauthorized, code="invalid_token"), Refusal(Unauthorized, code="missing_token"))


def _explain(body: Any) -> tuple[str, str]:
    """Vercel's error body: ``error.code`` and ``error.message``; flags mark a token that is absent or unknown."""
    error = body["error"]
    if error.get("invalidToken"):
        return "invalid_token", str(error["message"])
    if error.get("missingToken"):
        return "missing_token", str(error["message"])
    return str(error["code"]), str(error["message"])


@dataclass
class Vercel:
    """One team (or, without ``team_id``, the token's own account). Every method raises a ServiceError when Vercel refuses."""

    api: Api
    team_id: str
    _owner: dict[str, Any] = field(default_factory=dict)
    _domains: dict[str, Listed] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(3))
    _ahead: dict[str, Future[Listed]] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: str = "") -> Vercel:
        """Reads ``VERCEL_TOKEN``, ``VERCEL_TEAM_ID`` and ``VERCEL_API_URL``.

        Without ``VERCEL_TEAM_ID`` it is the team ``home``, in which the environment lives; without that too the personal account.
        Raises MissingVariable, or InvalidValue for a team that is no id.
        """
        team = environ.get("VERCEL_TEAM_ID", "").strip() or home
        if team and not TEAM_ID.fullmatch(team):
            hint = "Give the id that stands under Team Settings, General; it begins with team_."
            raise InvalidValue("VERCEL_TEAM_ID is not a team's id.", hint, "vercel-team")
        headers = {"Authorization": f"Bearer {secret(environ, 'VERCEL_TOKEN').get_secret_value()}"}
        client = http.open_client(endpoint(environ, "VERCEL_API_URL", API_URL), headers=headers)
        if team:
            # Without it a call acts on the personal account, where the team's project is simply not found.
            client.params = client.params.set("teamId", team)
        return cls(Api("Vercel", client, _explain, "VERCEL_TOKEN", "VERCEL_API_URL", TOKEN_REFUSED), team)

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown(cancel_futures=True)
        self.api.client.close()

    def account(self, *, named: bool = True) -> Account:
        """The team, or the user where no team is named; a team is not asked for where its id will do."""
        if self.team_id and not named:
            return Account(id=self.team_id)
        owner = self.owner()
        return Account(id=str(owner["id"]), name=str(owner.get("slug") or owner.get("username") or ""))

    def named_account(self) -> Account:
        """The same with its name."""
        return self.account()

    def owner(self) -> dict[str, Any]:
        """The team, or the user where no team is named: ``{id, name, slug …}``; read once."""
        self._owner = self._owner or self._read_owner()
        return self._owner

    def _read_owner(self) -> dict[str, Any]:
        if self.team_id:
            team: dict[str, Any] = self.api.json("read the team", "GET", f"/v2/teams/{self.team_id}")
            return team
        user: dict[str, Any] = self.api.json("read the user", "GET", "/v2/user")["user"]
        return user

    def project(self, name: str) -> dict[str, Any] | None:
        """One project by name or id, or None."""
        try:
            project: dict[str, Any] = self.api.json(f"read the project {name}", "GET", f"/v9/projects/{name}")
        except NotFound:
            return None
        return project

    def create_project(self, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Make a project (operation createProject); a name that is taken is a Conflict."""
        made: dict[str, Any] = self.api.json(
            f"create the project {name}", "POST", "/v11/projects", json={"name": name, **settings}
        )
        return made

    def update_project(self, project_id: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Change a project's settings (operation updateProject)."""
        changed: dict[str, Any] = self.api.json(
            "change the project", "PATCH", f"/v9/projects/{project_id}", json=dict(settings), repeatable=True
        )
        return changed

    def delete_project(self, project_id: str) -> None:
        """Remove a project with its deployments, variables and domains."""
        self.api.call("delete the project", "DELETE", f"/v9/projects/{project_id}", expect=GONE)

    def read_ahead(self, project_id: str) -> None:
        """Ask together for all that the section goes on to read of a project; each answer is for the first who wants it."""
        for read in (self._list_variables, self._list_domains, self._list_production_deployments):
            self._ahead[read.__name__ + project_id] = self._pool.submit(read, project_id)

    def variables(self, project_id: str) -> Listed:
        """Every variable of a project; values in clear but for sensitive ones, which have none."""
        return self._asked(self._list_variables, project_id)

    def _asked(self, read: Callable[[str], Listed], project_id: str) -> Listed:
        asked = self._ahead.pop(read.__name__ + project_id, None)
        return asked.result() if asked else read(project_id)

    def _list_variables(self, project_id: str) -> Listed:
        body = self.api.json("list the variables", "GET", f"/v10/projects/{project_id}/env", params={"decrypt": "true"})
        # The description allows three shapes: one variable, with pagination, without.
        variables: Listed = body.get("envs", [body])
        return variables

    def put_variables(self, project_id: str, variables: Sequence[Mapping[str, Any]]) -> Listed:
        """Create or overwrite variables in one request. An answer that lists failures is an error, whatever its status."""
        operation = f"set {', '.join(str(variable['key']) for variable in variables)}"
        path, body = f"/v10/projects/{project_id}/env", [dict(variable) for variable in variables]
        # Writing the same values over themselves changes nothing: unlike other POSTs this one may be sent again.
        answer = self.api.json(operation, "POST", path, params={"upsert": "true"}, json=body, repeatable=True)
        created: list[dict[str, Any]] = (
            answer["created"] if isinstance(answer["created"], list) else [answer["created"]]
        )
        if answer.get("failed"):
            set_now = {variable["key"] for variable in created}
            raise _not_set(
                operation,
                answer["failed"][0]["error"],
                [variable["key"] for variable in body if variable["key"] not in set_now],
            )
        return created

    def retarget_variable(self, project_id: str, variable_id: str, targets: Sequence[str]) -> None:
        """Set where a variable applies; its value stays."""
        path = f"/v9/projects/{project_id}/env/{variable_id}"
        self.api.call("change a variable's target", "PATCH", path, json={"target": list(targets)}, repeatable=True)

    def delete_variable(self, project_id: str, variable_id: str) -> None:
        """Remove a variable."""
        self.api.call("delete a variable", "DELETE", f"/v9/projects/{project_id}/env/{variable_id}", expect=GONE)

    def domains(self, project_id: str) -> Listed:
        """The domains of a project: ``{name, verified, redirect?, gitBranch?}``."""
        # Read once, unless there was none: the first deployment may bring it.
        if not self._domains.get(project_id):
            self._domains[project_id] = self._asked(self._list_domains, project_id)
        return self._domains[project_id]

    def _list_domains(self, project_id: str) -> Listed:
        domains: Listed = self.api.json("list the domains", "GET", f"/v9/projects/{project_id}/domains")["domains"]
        return domains

    def upload(self, content: bytes) -> str:
        """Upload one file's bytes; gives the SHA-1 by which a deployment refers to them. Doing it twice changes nothing."""
        # SHA-1 is what Vercel's protocol names files by; nothing is protected by it.
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        headers = {"x-vercel-digest": digest, "Content-Type": "application/octet-stream"}
        self.api.call("upload a file", "POST", "/v2/files", content=content, headers=headers, repeatable=True)
        return digest

    def create_deployment(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Start a deployment (operation createDeployment)."""
        # Unless forced, Vercel may answer with an earlier deployment of the same files, which lacks the newer variables.
        params = {"skipAutoDetectionConfirmation": "1", "forceNew": "1"}
        made: dict[str, Any] = self.api.json(
            "start a deployment", "POST", "/v13/deployments", params=params, json=dict(body)
        )
        return made

    def deployment(self, id_or_host: str) -> dict[str, Any]:
        """One deployment, or the one that a host name shows: ``{id, readyState, aliasAssigned, aliasError, errorMessage …}``."""
        deployment: dict[str, Any] = self.api.json("read the deployment", "GET", f"/v13/deployments/{id_or_host}")
        return deployment

    def production_deployments(self, project_id: str) -> Listed:
        """The latest production deployments, newest first; a list names the id ``uid``."""
        return self._asked(self._list_production_deployments, project_id)

    def _list_production_deployments(self, project_id: str) -> Listed:
        params = {"projectId": project_id, "target": "production", "limit": 20}
        deployments: Listed = self.api.json("list the deployments", "GET", "/v6/deployments", params=params)[
            "deployments"
        ]
        return sorted(deployments, key=lambda deployment: -int(deployment["created"]))

    def build_log(self, deployment_id: str, lines: int = 8) -> list[str]:
        """The last lines that a build printed."""
        params = {"builds": 1, "direction": "backward", "limit": 100}
        events = self.api.json("read the build's log", "GET", f"/v3/deployments/{deployment_id}/events", params=params)
        ordered = sorted((event for event in events if event), key=lambda event: event.get("created", 0))
        texts = [str((event.get("payload") or {}).get("text") or event.get("text") or "") for event in ordered]
        return [text for text in texts if text][-lines:]


def _not_set(operation: str, error: Mapping[str, Any], missing: Sequence[str]) -> UnexpectedResponse:
    """The error for variables of which Vercel's answer says that they failed; the first of them may be named in it, or not."""
    named = error.get("key") or error.get("envVarKey") or ", ".join(missing) or "a variable"
    message = f"Vercel could not set {named}: {error['message'].rstrip('.')} ({error['code']})."
    hint = "Correct what it says in the dashboard, then run this again: the others were set."
    return UnexpectedResponse("Vercel", operation, message, hint, "vercel-variables", code=error["code"])
