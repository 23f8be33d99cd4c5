"""The states that an organization gets into by itself: quotas that are used up, groups that nothing used."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.turso.service import TursoService


class Organization:
    """A started service in this process, with a group and a database, and what its operator does with it."""

    def __init__(self, service: TursoService, client: httpx.AsyncClient) -> None:
        exports = service.exports()
        self.platform = service.platform
        self._client = client
        self._base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}"
        self._headers = {"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}

    async def api(self, method: str, path: str, **body: Any) -> Any:
        """One call of the platform API."""
        response = await self._client.request(method, self._base + path, headers=self._headers, json=body)
        return response.raise_for_status().json()

    async def create(self, database: str) -> None:
        """A database in the group ``default``."""
        await self.api("POST", "/databases", name=database, group="default")

    async def execute(self, database: str, sql: str) -> httpx.Response:
        """One statement, with a new token."""
        hostname = (await self.api("GET", f"/databases/{database}"))["database"]["Hostname"]
        token = (await self.api("POST", f"/databases/{database}/auth/tokens"))["jwt"]
        requests = [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]
        return await self._client.post(
            f"https://{hostname}/v3/pipeline", headers={"Authorization": f"Bearer {token}"}, json={"requests": requests}
        )


def with_organization(directory: Path, use: Callable[[Organization], Awaitable[None]]) -> None:
    """Run ``use`` with a new organization that has a database ``jobs``."""

    async def run() -> None:
        certificates = Certificates(directory)
        service = TursoService(Context(directory, certificates))
        await service.start()
        trusted = ssl.create_default_context(cafile=certificates.authority_path)
        try:
            async with httpx.AsyncClient(verify=trusted, trust_env=False, timeout=30) as client:
                organization = Organization(service, client)
                await organization.api("POST", "/groups", name="default", location="aws-us-east-1")
                await organization.create("jobs")
                await use(organization)
        finally:
            await service.close()

    asyncio.run(run())


def code(response: httpx.Response) -> str | None:
    """The error code of the first statement; None if it was carried out."""
    assert response.status_code == 200, response.text
    result = response.json()["results"][0]
    return str(result["error"]["code"]) if result["type"] == "error" else None


def test_a_used_up_quota_is_blocked_inside_a_200_while_the_api_says_nothing_of_it(tmp_path: Path) -> None:
    async def use(organization: Organization) -> None:
        await organization.platform.block(reads=True, writes=True, reported=False)
        assert code(await organization.execute("jobs", "SELECT 1")) == "BLOCKED"
        account = (await organization.api("GET", ""))["organization"]
        assert not account["blocked_reads"]
        assert not account["blocked_writes"]
        assert not (await organization.api("GET", "/databases/jobs"))["database"]["block_reads"]

    with_organization(tmp_path, use)


def test_a_database_made_while_the_quota_is_used_up_is_blocked_too_until_the_plan_is_raised(tmp_path: Path) -> None:
    async def use(organization: Organization) -> None:
        await organization.platform.block(reads=False, writes=True)
        await organization.create("second")
        assert code(await organization.execute("second", "CREATE TABLE t (a)")) == "BLOCKED"
        await organization.platform.block(reads=False, writes=False)
        assert code(await organization.execute("second", "CREATE TABLE t (a)")) is None

    with_organization(tmp_path, use)


def test_an_archived_group_answers_502_at_its_databases_until_it_is_unarchived(tmp_path: Path) -> None:
    async def use(organization: Organization) -> None:
        organization.platform.group("default").archived = True
        assert (await organization.execute("jobs", "SELECT 1")).status_code == 502
        assert (await organization.api("GET", "/groups/default"))["group"]["archived"]
        assert (await organization.api("GET", "/databases/jobs"))["database"]["archived"]
        await organization.api("POST", "/groups/default/unarchive")
        assert code(await organization.execute("jobs", "SELECT 1")) is None

    with_organization(tmp_path, use)
