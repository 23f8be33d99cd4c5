"""The Modal section done by hand: its own command blocks, run in a shell against the sandbox, pass the runbook's checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clients.render_app import make_bucket
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Guide
from tests.waiting import PATIENCE_SECONDS

SECTION = (ROOT / "docs" / "sections" / "modal.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
NAMES = {
    "APP_NAME": "studio-production",
    "LABEL": "by-hand",
    "BUCKET_NAME": "studio-production",
    "ENVIRONMENT": "production",
}


def blocks(heading: str) -> list[str]:
    part = re.split(r"^## ", SECTION.partition(f"## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [re.sub(rf"^{block['indent']}", "", block["text"], flags=re.MULTILINE) for block in BLOCK.finditer(part)]


@pytest.fixture
def shell(guide: Guide, start_sandbox: Callable[..., RunningSandbox]) -> Callable[..., str]:
    """Run a block of the section with names in place of the placeholders, as in a checkout after the R2 section."""
    sandbox = start_sandbox("r2", "cloudflare", "modal")
    sandbox.reset()
    keys = make_bucket(sandbox, "studio-production")
    vault = guide.root / ".deploybook" / "production.env"
    vault.parent.mkdir(mode=0o700)
    vault.touch(mode=0o600)
    vault.write_text("".join(f"{name}='{value}'\n" for name, value in keys.items() if name.startswith("R2_")))
    values = NAMES | {
        "R2_ACCOUNT_ID": keys["R2_ACCOUNT_ID"],
        "APP_PATH": str(ROOT / "runbooks" / "modal_app" / "app.py"),
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = sandbox.environment(
        PATH=path, DEPLOYBOOK_HOME=str(guide.root), CURL_CA_BUNDLE=sandbox.exports["SSL_CERT_FILE"]
    )

    def run(block: str, typed: str = "", **names: str) -> str:
        text = re.sub(r"<([A-Z][A-Z0-9_]*)>", lambda addresses: (values | names)[addresses[1]], block)
        # "read -rs" needs no terminal, but a value to read.
        completed = subprocess.run(
            ["bash", "-euc", text],
            cwd=guide.root,
            env=environ,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    return run


def test_the_steps_done_by_hand_pass_every_check_of_the_runbook(guide: Guide, shell: Callable[..., str]) -> None:
    look, make_token, make_secrets, deploy, _ = blocks("Steps")
    assert "sandbox" in shell(look)
    shell(make_token)
    shell(make_secrets)
    urls = dict(re.findall(r"(https://\S+-(submit|status)\.modal\.run)", shell(deploy).replace("\n", " ")))
    addresses = {kind: url for url, kind in urls.items()}
    vault = guide.root / ".deploybook" / "production.env"
    with vault.open("a") as file:
        file.write(f"MODAL_ENDPOINT_URL='{addresses['submit']}'\nMODAL_STATUS_URL='{addresses['status']}'\n")
    [token] = re.findall(r"^MODAL_AUTH_TOKEN='(.*)'$", vault.read_text(), re.MULTILINE)

    verify, by_hand = blocks("Verify")
    assert "✗" not in shell(verify)
    output = shell(by_hand, f"{token}\n", MODAL_ENDPOINT_URL=addresses["submit"], MODAL_STATUS_URL=addresses["status"])
    assert re.findall(r'"status": ?"?(\w+)', output) == ["401", "400", "failed"]

    _, undo = blocks("Undo")
    shell(undo.replace("\n", " --yes\n"))
