"""Render's REST API, the part that a background worker needs. Wire formats: Render's published description, by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.state.pins import Account

API_URL = "https://api.render.com/v1"
PAGE = 100


def _explain(body: Any) -> tuple[str, str]:
    """Render's error body: ``message``, and lately ``code``."""
    return str(body.get("code") or ""), str(body["message"])


@dataclass
class Render:
    """The workspaces that one API key can act in. Every method raises a ServiceError when Render refuses."""

    api: Api
    # The workspace in which the environment lives, by its id; and who is to know which one is used.
    home: str = ""
    settle: Callable[[Account], None] = lambda _: None
    _account: Account | None = None
    _owners: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], home: str = "", settle: Callable[[Account], None] = lambda _: None
    ) -> Render:
        """Reads ``RENDER_API_KEY`` and ``RENDER_API_URL``."""
        headers = {"Authorization": f"Bearer {secret(environ, 'RENDER_API_KEY').get_secret_value()}"}
        client = http.open_client(endpoint(environ, "RENDER_API_URL", API_URL), headers=headers)
        return cls(Api("Render", client, _explain, "RENDER_API_KEY", "RENDER_API_URL"), home, settle)

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

    def owners(self) -> list[dict[str, Any]]:
        """The workspaces: ``{id, name, email, type}`` (operation list-owners), read once."""
        self._owners = self._owners or list(self._pages("list the workspaces", "/owners", "owner"))
        return self._owners

    def workers(self, name: str, owner_id: str) -> list[dict[str, Any]]:
        """The background workers of this name (operation list-services)."""
        params = {"name": name, "ownerId": owner_id, "type": "background_worker"}
        return list(self._pages(f"look for the worker {name}", "/services", "service", params))

    def service(self, service_id: str) -> dict[str, Any]:
        """One service: ``{id, ownerId, name …}`` (operation retrieve-service)."""
        service: dict[str, Any] = self.api.json("look for the worker", "GET", f"/services/{service_id}")
        return service

    def create_service(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a service; it deploys at once: ``{service, deployId}`` (operation create-service)."""
        made: dict[str, Any] = self.api.json(f"create the worker {body['name']}", "POST", "/services", json=dict(body))
        return made

    def update_service(self, service_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change settings; takes effect with the next deploy (operation update-service)."""
        # The same settings over themselves change nothing: unlike other PATCHes this one may be sent again.
        changed: dict[str, Any] = self.api.json(
            "change the worker", "PATCH", f"/services/{service_id}", json=dict(body), repeatable=True
        )
        return changed

    def resume(self, service_id: str) -> None:
        """Start a suspended service again."""
        self.api.call("resume the worker", "POST", f"/services/{service_id}/resume")

    def delete_service(self, service_id: str) -> None:
        """Remove a service with its deploys and variables."""
        self.api.call("delete the worker", "DELETE", f"/services/{service_id}")

    def variables(self, service_id: str) -> dict[str, str]:
        """Every variable of a service, in clear."""
        variables = self._pages("list the variables", f"/services/{service_id}/env-vars", "envVar")
        return {variable["key"]: variable["value"] for variable in variables}

    def put_variable(self, service_id: str, name: str, value: str) -> None:
        """Set one variable. Never the whole list: that would delete what an operator added by hand."""
        self.api.call(f"set {name}", "PUT", f"/services/{service_id}/env-vars/{name}", json={"value": value})

    def delete_variable(self, service_id: str, name: str) -> None:
        """Remove one variable."""
        self.api.call(f"remove {name}", "DELETE", f"/services/{service_id}/env-vars/{name}")

    def deploys(self, service_id: str, since: datetime | None = None) -> list[dict[str, Any]]:
        """The latest deploys, newest first; with ``since`` all that were made after that time."""
        path = f"/services/{service_id}/deploys"
        if since:
            return list(self._pages("list the deploys", path, "deploy", {"createdAfter": since.isoformat()}))
        items = self.api.json("list the deploys", "GET", path, params={"limit": 20})
        return [item["deploy"] for item in items]

    def deploy(self, service_id: str, deploy_id: str) -> dict[str, Any]:
        """One deploy: ``{id, status, trigger, createdAt …}``."""
        deploy: dict[str, Any] = self.api.json("read the deploy", "GET", f"/services/{service_id}/deploys/{deploy_id}")
        return deploy

    def start_deploy(self, service_id: str) -> str:
        """Start a deploy (operation create-deploy) and give its id; empty where Render queues it: it answers 202 with no body then."""
        answer = self.api.call("start a deploy", "POST", f"/services/{service_id}/deploys", json={})
        return str(answer.json()["id"]) if answer.status_code == 201 else ""

    def logs(self, owner_id: str, service_id: str, since: str, texts: Sequence[str] = ()) -> list[str]:
        """The last hundred log lines of a service since a time (ISO 8601), with one of the texts if any are given; oldest first."""
        about = {"ownerId": owner_id, "resource": service_id, "startTime": since, "direction": "backward", "limit": 100}
        params = about | ({"text": list(texts)} if texts else {})
        entries = self.api.json("read the log", "GET", "/logs", params=params)["logs"]
        return [str(entry["message"]) for entry in sorted(entries, key=lambda entry: str(entry["timestamp"]))]

    def _pages(
        self, operation: str, path: str, item: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Follow ``cursor`` until an empty page: there is no total."""
        cursor: str | None = None
        while True:
            wanted = {**(params or {}), "limit": PAGE, "cursor": cursor}
            page = self.api.json(operation, "GET", path, params=wanted)
            for row in page:
                yield row[item]
            if len(page) < PAGE:
                return
            cursor = page[-1]["cursor"]
