"""Render's REST API, the part that a background worker needs. Wire formats: Render's published description, by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from deploybook import http
from deploybook.clouds.answers import parse
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.clouds.render.refusals import REFUSALS, explain
from deploybook.clouds.render.schema import (
    CreatedService,
    DeployAnswer,
    DeployRow,
    EventRow,
    LogPage,
    Owner,
    OwnerRow,
    Row,
    ServiceAnswer,
    ServiceRow,
    VariableRow,
)
from deploybook.errors import UnexpectedResponse
from deploybook.state.pins import Account

API_URL = "https://api.render.com/v1"
PAGE = 100
CREATED = 201


@dataclass
class Render:
    """The workspaces that one API key can act in. Every method raises a ServiceError when Render refuses."""

    api: Api
    # The workspace in which the environment lives, by its id; and who is to know which one is used.
    home: str = ""
    settle: Callable[[Account], None] = lambda _: None
    _account: Account | None = None
    _owners: list[Owner] = field(default_factory=list)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], home: str = "", settle: Callable[[Account], None] = lambda _: None
    ) -> Render:
        """Reads ``RENDER_API_KEY`` and ``RENDER_API_URL``."""
        headers = {"Authorization": f"Bearer {secret(environ, 'RENDER_API_KEY').get_secret_value()}"}
        client = http.open_client(endpoint(environ, "RENDER_API_URL", API_URL), headers=headers)
        return cls(Api("Render", client, explain, "RENDER_API_KEY", "RENDER_API_URL", REFUSALS), home, settle)

    def close(self) -> None:
        """Close the connections."""
        self.api.client.close()

    def account(self) -> Account:
        """The workspace that ``use`` was called with."""
        assert self._account is not None, "the workspace is chosen before anything is done in it"
        return self._account

    def use(self, account: Account) -> None:
        """Work in this workspace; raises OtherAccount if the environment lives in another one."""
        self.settle(account)
        self._account = account

    def owners(self) -> list[Owner]:
        """The workspaces (operation list-owners), read once."""
        self._owners = self._owners or list(self._pages(OwnerRow, "list the workspaces", "/owners"))
        return self._owners

    def workers(self, name: str, owner_id: str) -> list[ServiceAnswer]:
        """The background workers of this name (operation list-services)."""
        params = {"name": name, "ownerId": owner_id, "type": "background_worker"}
        return list(self._pages(ServiceRow, f"look for the worker {name}", "/services", params))

    def service(self, service_id: str) -> ServiceAnswer:
        """One service (operation retrieve-service)."""
        return self.api.read(ServiceAnswer, "look for the worker", "GET", _service(service_id))

    def create_service(self, body: Mapping[str, Any]) -> CreatedService:
        """Make a service; it deploys at once (operation create-service)."""
        return self.api.read(CreatedService, f"create the worker {body['name']}", "POST", "/services", json=dict(body))

    def update_service(self, service_id: str, body: Mapping[str, Any]) -> None:
        """Change settings; takes effect with the next deploy (operation update-service)."""
        # The same settings over themselves change nothing: unlike other PATCHes this one may be sent again.
        self.api.call("change the worker", "PATCH", _service(service_id), json=dict(body), repeatable=True)

    def resume(self, service_id: str) -> None:
        """Start a suspended service again."""
        self.api.call("resume the worker", "POST", f"{_service(service_id)}/resume")

    def delete_service(self, service_id: str) -> None:
        """Remove a service with its deploys and variables."""
        self.api.call("delete the worker", "DELETE", _service(service_id))

    def variables(self, service_id: str) -> dict[str, str]:
        """Every variable of a service, in clear."""
        variables = self._pages(VariableRow, "list the variables", f"{_service(service_id)}/env-vars")
        return {variable.key: variable.value for variable in variables}

    def put_variable(self, service_id: str, name: str, value: str) -> None:
        """Set one variable. Never the whole list: that would delete what an operator added by hand."""
        self.api.call(f"set {name}", "PUT", f"{_service(service_id)}/env-vars/{_part(name)}", json={"value": value})

    def delete_variable(self, service_id: str, name: str) -> None:
        """Remove one variable."""
        self.api.call(f"remove {name}", "DELETE", f"{_service(service_id)}/env-vars/{_part(name)}")

    def deploys(self, service_id: str, since: datetime | None = None) -> list[DeployAnswer]:
        """The latest deploys, newest first; with ``since`` all that were made after that time."""
        path, operation = f"{_service(service_id)}/deploys", "list the deploys"
        if since:
            return list(self._pages(DeployRow, operation, path, {"createdAfter": since.isoformat()}))
        rows = self.api.read(list[DeployRow], operation, "GET", path, params={"limit": 20})
        return [row.item for row in rows if row.item]

    def deploy(self, service_id: str, deploy_id: str) -> DeployAnswer:
        """One deploy (operation retrieve-deploy)."""
        path = f"{_service(service_id)}/deploys/{_part(deploy_id)}"
        return self.api.read(DeployAnswer, "read the deploy", "GET", path)

    def start_deploy(self, service_id: str) -> str:
        """Start a deploy (operation create-deploy) and give its id; empty where Render queues it: it answers 202 with no body then."""
        path, operation = f"{_service(service_id)}/deploys", "start a deploy"
        answer = self.api.call(operation, "POST", path, json={})
        if answer.status_code != CREATED:
            return ""
        return parse(DeployAnswer, self.api.service, operation, answer, endpoint=self.api.endpoint).id

    def failures(self, service_id: str, deploy_id: str, since: str) -> list[str]:
        """Why a deploy that began at ``since`` (ISO 8601) failed, in so far as Render's events say it (operation list-events)."""
        path = f"{_service(service_id)}/events"
        params = {"type": ["build_ended", "deploy_ended"], "startTime": since}
        events = list(self._pages(EventRow, "read the worker's events", path, params))
        return list(dict.fromkeys(filter(None, (event.failure_of(deploy_id) for event in events))))

    def logs(self, owner_id: str, service_id: str, since: str, texts: Sequence[str] = ()) -> list[str]:
        """The last hundred log lines of a service since a time (ISO 8601), with one of the texts if any are given; oldest first."""
        about = {"ownerId": owner_id, "resource": service_id, "startTime": since, "direction": "backward", "limit": 100}
        params = about | ({"text": list(texts)} if texts else {})
        lines = self.api.read(LogPage, "read the log", "GET", "/logs", params=params).logs
        return [line.message for line in sorted(lines, key=lambda line: line.timestamp)]

    def _pages(
        self, shape: type[Row], operation: str, path: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[Any]:
        """Follow ``cursor`` until a page that is not full: there is no total. A cursor that comes again ends in an error."""
        cursor, followed = "", set[str]()
        while True:
            wanted = {**(params or {}), "limit": PAGE, "cursor": cursor or None}
            page: list[Any] = self.api.read(list[shape], operation, "GET", path, params=wanted)  # type: ignore[valid-type]
            yield from (row.item for row in page if row.item)
            cursor = page[-1].cursor if len(page) >= PAGE else ""
            if not cursor:
                return
            if cursor in followed:
                message = f"Render could not {operation}: its list does not end."
                raise UnexpectedResponse("Render", operation, message, "Run this again.")
            followed.add(cursor)


def _part(name: str) -> str:
    """A name or an id as one part of a path."""
    return quote(name, safe="")


def _service(service_id: str) -> str:
    return f"/services/{_part(service_id)}"
