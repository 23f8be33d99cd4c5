"""A database token that has expired is felt end to end. Named to run last: the token's minute of grace passes during the other tests."""

from __future__ import annotations

import time

import pytest
from tests.e2e.wiring import Stack

from deploybook.clouds import studio
from deploybook.errors import VerificationFailed

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.usefixtures("brought_back")]


@pytest.fixture
def expired(short_lived: tuple[str, float]) -> str:
    """A database token that has expired."""
    token, ended = short_lived
    time.sleep(max(0.0, ended - time.monotonic()))
    return token


def test_a_web_app_whose_database_token_has_expired_is_named(stack: Stack, expired: str) -> None:
    stack.deploy("vercel", stack.values("vercel") | {"TURSO_AUTH_TOKEN": expired})
    felt = stack.check()
    assert felt.step == "api", felt
    assert "The job routes of the web app on Vercel fail" in felt.message
    assert "Server returned HTTP status 401" in felt.message


def test_a_worker_whose_database_token_has_expired_is_named_and_its_log_says_so(stack: Stack, expired: str) -> None:
    stack.deploy("render", stack.values("render") | {"TURSO_AUTH_TOKEN": expired})
    journey = stack.journey()
    try:
        for step in (studio.ingest, studio.ingested):
            step(journey)
        with pytest.raises(VerificationFailed, match="The worker on Render did not pick up the job"):
            studio.preview(journey)
        # It says that it started before it asks its database, and ends then.
        with pytest.raises(VerificationFailed, match=r"Started|Exited with status 1|HTTP status 401"):
            studio.worker_log_names_job(journey, stack.clouds, seconds=0)
    finally:
        studio.clean_up(journey)
