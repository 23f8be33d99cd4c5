"""A plan with room for two groups: what the free plan of the running sandbox cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.turso.api import TursoApi
from deploybook.sandbox.turso.routes import OPERATIONS
from deploybook.sandbox.turso.state.platform import Database, Plan, Platform
from deploybook.sandbox.turso.state.refusals import forbidden


class NoEngine:
    """Databases with a name for a server and nothing behind it."""

    async def start(self, database: Database) -> str:
        return f"{database.name}.invalid"

    async def rekey(self, database: Database) -> None:
        pass

    async def block(self, database: Database, *, reads: bool, writes: bool) -> None:
        pass

    async def stop(self, database: Database) -> None:
        pass


Caller = Callable[[httpx.AsyncClient, str], Awaitable[None]]


def with_two_groups(use: Caller, *scopes: str) -> None:
    """Groups ``one`` and ``two`` with a database of the same name in each; ``use`` calls with a token pinned to ``one``."""

    async def run() -> None:
        platform = Platform(NoEngine(), plan=Plan("scaler", groups=2))
        for name in ("one", "two"):
            platform.create_group(name, "aws-us-east-1")
            await platform.create_database(name, name)
        _, secret = platform.mint_api_token("pinned", platform.organization, "one", list(scopes))
        transport = httpx.ASGITransport(TursoApi(platform, OPERATIONS).app())
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://turso", headers=headers) as client:
            await use(client, f"/v1/organizations/{platform.organization}")

    asyncio.run(run())


def test_token_pinned_to_one_group_does_not_reach_another() -> None:
    async def use(client: httpx.AsyncClient, base: str) -> None:
        assert (await client.get(f"{base}/databases/one")).status_code == 200
        assert (await client.get(f"{base}/databases/two")).status_code == 403
        assert (await client.delete(f"{base}/databases/two")).status_code == 403
        assert (await client.post(f"{base}/databases/two/auth/tokens")).status_code == 403
        assert (await client.post(f"{base}/databases", json={"name": "x", "group": "two"})).status_code == 403
        assert (await client.get(f"{base}/groups/two")).status_code == 403
        assert (await client.post(f"{base}/groups/two/auth/rotate")).status_code == 403
        assert (await client.get(f"{base}/databases", params={"group": "two"})).status_code == 403

    with_two_groups(use, "full-access")


def test_token_pinned_to_one_group_lists_only_what_is_in_it() -> None:
    async def use(client: httpx.AsyncClient, base: str) -> None:
        databases = (await client.get(f"{base}/databases")).json()["databases"]
        groups = (await client.get(f"{base}/groups")).json()["groups"]
        assert [database["Name"] for database in databases] == ["one"]
        assert [group["name"] for group in groups] == ["one"]

    with_two_groups(use, "read")


def test_refusal_of_a_group_too_many_is_the_plan_s() -> None:
    platform = Platform(NoEngine(), plan=Plan(groups=1, refusal=forbidden))
    platform.create_group("one", "aws-us-east-1")
    with pytest.raises(Refusal, match="starter plan includes 1 group") as refused:
        platform.create_group("two", "aws-us-east-1")
    assert refused.value.status == 403
