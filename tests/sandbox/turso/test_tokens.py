"""The expiration grammar, and what the real server makes of an expired token."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.turso.backend import sqld
from deploybook.sandbox.turso.backend.servers import DatabaseServers
from deploybook.sandbox.turso.state.keys import NEVER, Authorization, lifetime
from deploybook.sandbox.turso.state.platform import Database, Group


@pytest.mark.parametrize(
    ("expiration", "seconds"),
    [("never", NEVER), ("2w1d30m", 1297800), ("7d3h2m1s", 615721), ("30d", 2592000), ("1s", 1)],
)
def test_expiration_is_weeks_to_seconds_in_order(expiration: str, seconds: int) -> None:
    assert lifetime(expiration) == seconds


def test_server_refuses_an_expired_token_after_a_minute_of_grace(tmp_path: Path) -> None:
    async def answers() -> list[tuple[int, str]]:
        certificates = Certificates(tmp_path)
        servers = DatabaseServers(Context(tmp_path, certificates), sqld.obtain())
        database = Database("jobs", Group("default", "aws-us-east-1"))
        hostname = await servers.start(database)
        try:
            async with httpx.AsyncClient(verify=False, trust_env=False) as client:  # noqa: S501 - the test is of tokens
                statuses = []
                for ago in (30, 70):
                    token = database.key.mint(Authorization.FULL_ACCESS, 10, now=time.time() - ago - 10)
                    answer = await client.post(
                        f"https://{hostname}/v2/pipeline",
                        headers={"Authorization": f"Bearer {token}"},
                        json={"requests": [{"type": "close"}]},
                    )
                    statuses.append((answer.status_code, answer.json().get("error", "")))
                return statuses
        finally:
            await servers.forget()

    assert asyncio.run(answers()) == [(200, ""), (401, "Unauthorized: `The JWT has expired`")]
