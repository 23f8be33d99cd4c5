"""What there is at the sandbox's providers, asked of them as an operator could: each thing by its name, and how many bear it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from unittest import mock

import httpx
from pydantic import SecretStr

from deploybook.clouds.connections import Connections
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.turso.hrana import LibSql
from deploybook.errors import ServiceError

Inventory = dict[str, int]


def inventory(exports: Mapping[str, str]) -> Inventory:
    """The resources of every provider that the sandbox has, such as ``{"R2 bucket studio-production": 1}``."""
    return dict(sorted(Counter(_names(exports)).items()))


def contents(exports: Mapping[str, str], vault: Mapping[str, str | None]) -> Inventory:
    """What is in the bucket and in the database, by the vault's credentials: every object, every unfinished upload, each table's rows."""
    values = {name: SecretStr(value) for name, value in vault.items() if value}
    with mock.patch.dict(os.environ, exports):
        lines: Inventory = {}
        for read in (_objects, _rows):
            try:
                lines |= read(values, exports)
            except ServiceError as error:
                lines[f"not readable: {error}"] = 1
        return lines


def _objects(values: Mapping[str, SecretStr], exports: Mapping[str, str]) -> Inventory:
    store = Store.from_variables(values, exports)
    if store is None:
        return {}
    with closing(store):
        # A world of the tests never holds more than a page of them.
        keys = [entry["Key"] for entry in store.call("list_objects_v2").get("Contents", ())]
        uploads = [entry["Key"] for entry in store.call("list_multipart_uploads").get("Uploads", ())]
    return {f"R2 object {key}": 1 for key in keys} | {f"R2 upload of {key}": 1 for key in uploads}


def _rows(values: Mapping[str, SecretStr], _: Mapping[str, str]) -> Inventory:
    database = LibSql.from_variables(values)
    if database is None:
        return {}
    with closing(database):
        tables = [str(row["name"]) for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        # Names that the database itself gave.
        counts = {name: database.query(f'SELECT count(*) AS rows FROM "{name}"') for name in tables}  # noqa: S608
    return {f"rows of the table {name}": int(str(count[0]["rows"])) for name, count in counts.items()}


def _names(exports: Mapping[str, str]) -> Iterator[str]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        for url, read in (
            ("CLOUDFLARE_API_URL", _cloudflare),
            ("TURSO_API_URL", _turso),
            ("VERCEL_API_URL", _vercel),
            ("RENDER_API_URL", _render),
            ("GITHUB_API_URL", _github),
        ):
            if url in exports:
                yield from read(_Reader(client, exports, exports[url]))
    if "MODAL_SERVER_URL" in exports:
        yield from _modal(exports)


class _Reader:
    """Reads JSON of one provider with the operator's credentials."""

    def __init__(self, client: httpx.Client, exports: Mapping[str, str], base: str) -> None:
        self._client = client
        self._base = base
        self.exports = exports

    def get(self, path: str, token: str, **params: str) -> Any:
        """The JSON at a path; None where there is nothing."""
        headers = {"Authorization": f"Bearer {self.exports[token]}"}
        response = self._client.get(f"{self._base}{path}", headers=headers, params=params)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        response.raise_for_status()
        return response.json()


def _cloudflare(reader: _Reader) -> Iterator[str]:
    account, token = f"/accounts/{reader.exports['CLOUDFLARE_ACCOUNT_ID']}", "CLOUDFLARE_API_TOKEN"
    for bucket in reader.get(f"{account}/r2/buckets", token)["result"]["buckets"]:
        yield f"R2 bucket {bucket['name']}"
        policy = reader.get(f"{account}/r2/buckets/{bucket['name']}/cors", token)
        for rule in policy["result"]["rules"] if policy else ():
            # The address of a project is another one, in the sandbox, whenever it is made.
            origins = re.sub(r"(127\.0\.0\.1):\d+", r"\1", ", ".join(rule["allowed"]["origins"]))
            yield f"CORS rule {rule.get('id')} of {bucket['name']}: {origins}"
    for issued in reader.get(f"{account}/tokens", token)["result"]:
        yield f"Cloudflare token {issued['name']}, {issued['status']}"


def _turso(reader: _Reader) -> Iterator[str]:
    organization, token = f"/v1/organizations/{reader.exports['TURSO_ORGANIZATION']}", "TURSO_API_TOKEN"
    for group in reader.get(f"{organization}/groups", token)["groups"]:
        yield f"Turso group {group['name']}"
    for database in reader.get(f"{organization}/databases", token)["databases"]:
        yield f"Turso database {database['Name']}"


def _vercel(reader: _Reader) -> Iterator[str]:
    token, teams = "VERCEL_TOKEN", [reader.exports.get("VERCEL_TEAM_ID", ""), ""]
    for team in dict.fromkeys(teams):
        scope = {"teamId": team} if team else {}
        for project in reader.get("/v9/projects", token, **scope)["projects"]:
            name = f"{project['name']}{' of the team' if team else ''}"
            yield f"Vercel project {name}"
            for variable in reader.get(f"/v9/projects/{project['id']}/env", token, **scope)["envs"]:
                yield f"Vercel variable {variable['key']} of {name} for {', '.join(variable['target'])}"


def _render(reader: _Reader) -> Iterator[str]:
    token = "RENDER_API_KEY"
    for listed in reader.get("/services", token):
        service = listed["service"]
        yield f"Render service {service['name']}, {service['suspended']}"
        for variable in reader.get(f"/services/{service['id']}/env-vars", token, limit="100"):
            yield f"Render variable {variable['envVar']['key']} of {service['name']}"


def _github(reader: _Reader) -> Iterator[str]:
    repository, token = f"/repos/{reader.exports['GITHUB_REPOSITORY']}", "GITHUB_TOKEN"
    for secret in reader.get(f"{repository}/actions/secrets", token)["secrets"]:
        yield f"GitHub secret {secret['name']}"
    for workflow in reader.get(f"{repository}/actions/workflows", token)["workflows"]:
        if reader.get(f"{repository}/contents/{workflow['path']}", token):
            yield f"GitHub file {workflow['path']}"


def _modal(exports: Mapping[str, str]) -> Iterator[str]:
    """Live apps, those that no run has ended too, and secrets, in each Modal environment."""
    with mock.patch.dict(os.environ, exports):
        connections = Connections(exports)
        try:
            yield from connections.modal.run("list everything", _modal_names)
        finally:
            connections.close()


async def _modal_names(client: Any) -> list[str]:
    import modal

    names = []
    for place in await modal.Environment.objects.list.aio(client=client):
        names.append(f"Modal environment {place.name}")
        names += [f"Modal app {app.description} in {place.name}" for app in await place.apps.list.aio()]
        secrets = await modal.Secret.objects.list.aio(environment_name=place.name, client=client)
        names += [f"Modal secret {secret.name} in {place.name}" for secret in secrets]
    return names
