"""Turso's Platform API, the part that one database needs. Wire formats: turso-docs ``api-reference/openapi.json``, by operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.api import Api, part
from deploybook.clouds.credentials import endpoint, required, secret
from deploybook.clouds.turso import schema
from deploybook.errors import NotFound
from deploybook.state.pins import Account

API_URL = "https://api.turso.tech"
# A repeated DELETE whose first answer was lost finds nothing any more: that is what was wanted.
GONE = (200, 404)


def _explain(body: Any) -> tuple[str, str]:
    """Turso's errors have no code: ``{"error": "<sentence>"}``."""
    return "", str(body["error"])


@dataclass
class Turso:
    """One organization as one operator's token sees it. Every method raises a ServiceError when Turso refuses."""

    api: Api
    organization: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Turso:
        """Reads ``TURSO_API_TOKEN``, ``TURSO_ORGANIZATION`` and ``TURSO_API_URL``."""
        token = secret(environ, "TURSO_API_TOKEN")
        organization = required(environ, "TURSO_ORGANIZATION")
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        client = http.open_client(endpoint(environ, "TURSO_API_URL", API_URL), headers=headers)
        return cls(Api("Turso", client, _explain, "TURSO_API_TOKEN", "TURSO_API_URL"), organization)

    def close(self) -> None:
        """Close the connections."""
        self.api.client.close()

    def account(self) -> Account:
        """The organization that every request names; asks nothing."""
        return Account(id=self.organization)

    def validate_token(self) -> int:
        """When the operator's own token expires, in epoch seconds; -1 for never (validateAPIToken)."""
        return self.api.read(schema.Validated, "verify the token", "GET", "/v1/auth/validate").exp

    def organization_details(self) -> schema.Organization:
        """The organization (getOrganization)."""
        operation = f"read the organization {self.organization}"
        return self.api.read(schema.OrganizationAnswer, operation, "GET", self._organization).organization

    def locations(self) -> dict[str, str]:
        """Where a group can be: names by code, such as ``aws-us-east-1`` (listLocations)."""
        return self.api.read(schema.LocationsAnswer, "list the locations", "GET", "/v1/locations").locations

    def groups(self) -> tuple[schema.Group, ...]:
        """Every group of the organization (listGroups, which has no pages)."""
        return self.api.read(schema.GroupsAnswer, "list the groups", "GET", self._groups).groups

    def group(self, name: str) -> schema.Group | None:
        """One group, or None (getGroup)."""
        try:
            path = f"{self._groups}/{part(name)}"
            return self.api.read(schema.GroupAnswer, f"read the group {name}", "GET", path).group
        except NotFound:
            return None

    def create_group(self, name: str, location: str) -> schema.Group:
        """Make an empty group in a location (createGroup)."""
        body, operation = {"name": name, "location": location}, f"create the group {name}"
        return self.api.read(schema.GroupAnswer, operation, "POST", self._groups, json=body).group

    def unarchive_group(self, name: str) -> schema.Group:
        """Wake a group that Turso put aside because nothing used it (unarchiveGroup)."""
        path, operation = f"{self._groups}/{part(name)}/unarchive", f"unarchive the group {name}"
        return self.api.read(schema.GroupAnswer, operation, "POST", path).group

    def delete_group(self, name: str) -> None:
        """Remove a group **and every database in it** (deleteGroup)."""
        self.api.call(f"delete the group {name}", "DELETE", f"{self._groups}/{part(name)}", expect=GONE)

    def databases(self, group: str) -> list[str]:
        """The names of the databases of one group (listDatabases, which has no pages)."""
        operation, params = f"list the databases of {group}", {"group": group}
        answer = self.api.read(schema.DatabasesAnswer, operation, "GET", self._databases, params=params)
        return [database.name for database in answer.databases]

    def database(self, name: str) -> schema.Database | None:
        """One database, or None (getDatabase)."""
        try:
            path = f"{self._databases}/{part(name)}"
            return self.api.read(schema.DatabaseAnswer, f"read the database {name}", "GET", path).database
        except NotFound:
            return None

    def create_database(self, name: str, group: str) -> schema.MadeDatabase:
        """Make an empty database in a group that exists (createDatabase)."""
        body, operation = {"name": name, "group": group}, f"create the database {name}"
        return self.api.read(schema.MadeDatabaseAnswer, operation, "POST", self._databases, json=body).database

    def configure_database(self, name: str, settings: Mapping[str, bool]) -> None:
        """Change settings such as ``block_writes``; what is left out stays (updateDatabaseConfiguration)."""
        path = f"{self._databases}/{part(name)}/configuration"
        self.api.call(f"configure the database {name}", "PATCH", path, json=dict(settings))

    def delete_database(self, name: str) -> None:
        """Remove a database, its data and its tokens (deleteDatabase)."""
        self.api.call(f"delete the database {name}", "DELETE", f"{self._databases}/{part(name)}", expect=GONE)

    def mint_token(self, database: str, expiration: str) -> SecretStr:
        """A new full-access token for one database, shown only here; its options are in the query (createDatabaseToken)."""
        path, operation = f"{self._databases}/{part(database)}/auth/tokens", f"create a token for {database}"
        options = {"expiration": expiration, "authorization": "full-access"}
        return self.api.read(schema.TokenAnswer, operation, "POST", path, params=options).jwt

    def rotate_tokens(self, database: str) -> None:
        """Invalidate **every** token of a database; the answer has no body (invalidateDatabaseTokens)."""
        self.api.call(f"invalidate the tokens of {database}", "POST", f"{self._databases}/{part(database)}/auth/rotate")

    @property
    def _organization(self) -> str:
        return f"/v1/organizations/{part(self.organization)}"

    @property
    def _groups(self) -> str:
        return f"{self._organization}/groups"

    @property
    def _databases(self) -> str:
        return f"{self._organization}/databases"
