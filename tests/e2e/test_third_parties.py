"""What a journey leaves in the clouds, seen by clients that we did not write, with the credentials that the vault recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.clients import node
from tests.conftest import ROOT
from tests.e2e.wiring import STEPS, Stack
from tests.waiting import PATIENCE_SECONDS

from deploybook.clouds import studio
from deploybook.clouds.studio import Journey

CLIENTS = ROOT / "tests" / "clients"

pytestmark = [pytest.mark.client, pytest.mark.xdist_group("e2e")]


@pytest.fixture
def journey(stack: Stack) -> Iterator[Journey]:
    """A whole journey, and what it made not yet removed."""
    walk = stack.journey()
    try:
        for step in STEPS.values():
            step(walk)
        yield walk
    finally:
        studio.clean_up(walk)


def output(command: list[str], **environment: str) -> str:
    """What a program prints that must succeed."""
    env = os.environ | environment
    completed = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def job_rows(stack: Stack) -> dict[str, str]:
    """Status by job, read by npm ``@libsql/client`` with nothing but the recorded pair."""
    recorded = stack.vault.all()
    pair = {name: recorded[name].get_secret_value() for name in ("TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN")}
    answers = json.loads(
        output([node.NODE, str(CLIENTS / "libsql_client.mjs"), "jobs"], **pair, **node.COMPILED, TURSO_API_TOKEN="")
    )
    return {row["jobId"]: row["status"] for row in answers["value"]}


def object_keys(stack: Stack) -> set[str]:
    """The bucket's keys, listed by the AWS CLI with the recorded pair."""
    recorded = {name: value.get_secret_value() for name, value in stack.vault.all().items()}
    aws = [str(Path(sysconfig.get_path("scripts")) / "aws"), "--endpoint-url", stack.environ["R2_ENDPOINT_URL"]]
    listed = output(
        [*aws, "s3", "ls", "--recursive", f"s3://{recorded['R2_BUCKET_NAME']}"],
        AWS_ACCESS_KEY_ID=recorded["R2_ACCESS_KEY_ID"],
        AWS_SECRET_ACCESS_KEY=recorded["R2_SECRET_ACCESS_KEY"],
        AWS_DEFAULT_REGION="auto",
        AWS_CONFIG_FILE="/nonexistent",
        AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
        CLOUDFLARE_API_TOKEN="",
    )
    return {line.split(maxsplit=3)[3] for line in listed.splitlines()}


def modal(*arguments: str) -> Any:
    """What the ``modal`` CLI lists."""
    return json.loads(output([sys.executable, "-m", "modal", *arguments, "--json"]))


def test_other_clients_see_a_journeys_jobs_objects_app_and_secrets(stack: Stack, journey: Journey) -> None:
    node.require("@libsql/client")
    rows = job_rows(stack)
    assert {journey.job, journey.preview_job} < rows.keys()
    assert set(rows.values()) == {"complete"}
    [rendered] = rows.keys() - {journey.job, journey.preview_job}
    made = {journey.key, f"assets/{journey.asset}/original.wav", f"renders/{rendered}/output.mp4"}
    assert made <= object_keys(stack)
    assert [app["description"] for app in modal("app", "list") if app["state"] == "deployed"] == ["studio-production"]
    assert {"r2-credentials", "render-auth"} <= {secret["name"] for secret in modal("secret", "list")}

    studio.clean_up(journey)
    assert job_rows(stack) == {}
    assert object_keys(stack) == set()
