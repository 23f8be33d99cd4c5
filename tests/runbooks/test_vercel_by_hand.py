"""The Vercel section done by hand: its own command blocks, run in a shell against the sandbox, pass the runbook's checks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.clients import node
from tests.conftest import CONTRACT, ROOT, RunningSandbox
from tests.runbooks.conftest import Guide
from tests.waiting import PATIENCE_SECONDS

SECTION = (ROOT / "docs" / "sections" / "vercel.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
CLI = ROOT / "tests" / "clients" / "node_modules" / "vercel" / "dist" / "vc.js"
EARLIER = {
    "R2_ACCOUNT_ID": "0" * 32,
    "R2_ACCESS_KEY_ID": "1" * 32,
    "R2_SECRET_ACCESS_KEY": "2" * 64,
    "R2_BUCKET_NAME": "studio-production",
    "TURSO_DATABASE_URL": "libsql://studio-production-org.turso.io",
    "TURSO_AUTH_TOKEN": "a.b.c",
    "MODAL_ENDPOINT_URL": "https://workspace--studio-production-submit.modal.run",
    "MODAL_STATUS_URL": "https://workspace--studio-production-status.modal.run",
    "MODAL_AUTH_TOKEN": "3" * 64,
    "INTERNAL_WEBHOOK_SECRET": "4" * 64,
}

pytestmark = pytest.mark.client


def blocks(heading: str) -> list[str]:
    part = re.split(r"^## ", SECTION.partition(f"## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE) for block in BLOCK.finditer(part)]


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    running = start_sandbox("vercel")
    running.reset()
    return running


@pytest.fixture
def shell(guide: Guide, sandbox: RunningSandbox, tmp_path: Path) -> Callable[..., str]:
    """Run a block with names in place of the placeholders, in the guide's checkout or, if ``web``, in the web app's folder."""
    node.require("vercel")
    vault = guide.root / ".deploybook" / "production.env"
    vault.parent.mkdir(mode=0o700)
    vault.write_text("".join(f"{name}='{value}'\n" for name, value in EARLIER.items()))
    vault.chmod(0o600)
    site = shutil.copytree(ROOT / "runbooks" / "web_stub", tmp_path / "site")
    # No variable of the CLI names another API: only its flag does.
    command = tmp_path / "bin" / "vercel"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\n{node.EXEC} {CLI} --api "$VERCEL_API_URL" "$@"\n')
    command.chmod(0o755)
    environ = sandbox.environment(
        PATH=f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        CURL_CA_BUNDLE=sandbox.exports["SSL_CERT_FILE"],
        HOME=str(tmp_path),
        XDG_DATA_HOME=str(tmp_path),
        VERCEL_TELEMETRY_DISABLED="1",
        NO_UPDATE_NOTIFIER="1",
        NO_COLOR="1",
        CI="1",
    )

    def run(block: str, *, web: bool = False, typed: str = "", **names: str) -> str:
        values = {"PROJECT_NAME": "studio-production", "ENVIRONMENT": "production", "WEB_PATH": str(site)} | names
        text = re.sub(r"<([A-Z][A-Z0-9_]*)>", lambda entries: values[entries[1]], block)
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=site if web else guide.root,
            env=environ,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout + completed.stderr

    return run


def test_the_steps_done_by_hand_set_what_the_runbook_would(sandbox: RunningSandbox, shell: Callable[..., str]) -> None:
    exports = sandbox.exports
    look, make, set_variables, deploy, address, _ = blocks("Steps")
    assert "studio-team" in shell(look)
    shell(make, web=True)
    shell(set_variables)
    shell(deploy, web=True)

    headers = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}
    team = {"teamId": exports["VERCEL_TEAM_ID"]}
    with httpx.Client(base_url=exports["VERCEL_API_URL"], headers=headers, params=team, trust_env=False) as api:
        [domain] = api.get("/v9/projects/studio-production/domains").json()["domains"]
        shell(address, web=True, APP_HOST=domain["name"])
        entries = api.get("/v10/projects/studio-production/env", params={"decrypt": "true"}).json()["envs"]

    assert {tuple(entry["target"]) for entry in entries} == {("production",)}
    secrets = {"R2_SECRET_ACCESS_KEY", "TURSO_AUTH_TOKEN", "MODAL_AUTH_TOKEN", "INTERNAL_WEBHOOK_SECRET"}
    assert {entry["key"] for entry in entries if entry["type"] == "sensitive"} == secrets
    more = {variable.name: variable.value for variable in CONTRACT.consumed_by("vercel") if variable.value is not None}
    more["NEXT_PUBLIC_APP_URL"] = f"https://{domain['name']}"
    readable = {entry["key"]: entry["value"] for entry in entries if entry["type"] != "sensitive"}
    assert readable == {name: value for name, value in (EARLIER | more).items() if name not in secrets}

    _, by_hand = blocks("Verify")
    output = shell(by_hand, APP_HOST=domain["name"])
    assert re.search(r"^200$", output, re.MULTILINE)
    assert "Ready" in output
    _, undo = blocks("Undo")
    shell(undo, typed="y\n")
    with httpx.Client(base_url=exports["VERCEL_API_URL"], headers=headers, params=team, trust_env=False) as api:
        assert api.get("/v10/projects").json()["projects"] == []
