"""The blocks that a reader pastes by hand are executed as they stand, in the sandbox.

Shell, curl and aws are themselves, with the sandbox's address in place of Render's and R2's; the commands of other vendors are strict
stand-ins (``stand_ins/vendor.py``).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.clients.render_app import make_bucket
from tests.conftest import ROOT, RunningSandbox
from tests.waiting import PATIENCE_SECONDS

from deploybook.guide.page import Block, parse_page

NAMES = {
    "ENVIRONMENT": "production",
    "BUCKET_NAME": "studio-production",
    "GROUP_NAME": "default",
    "GROUP_LOCATION": "aws-us-east-1",
    "DATABASE_NAME": "studio-production",
    "PRODUCTION_BRANCH": "main",
}
SECRET = "INTERNAL_WEBHOOK_SECRET"


def block(section: str, words: str, part: str = "Steps") -> str:
    """The one block of a part of a section that holds some words."""
    path = f"docs/sections/{section}.md"
    pieces = parse_page(path, (ROOT / path).read_text(encoding="utf-8")).pieces
    blocks = [piece.text for piece in pieces if isinstance(piece, Block) and piece.part == part and words in piece.text]
    assert len(blocks) == 1, f"{len(blocks)} blocks of {section} hold {words}"
    return blocks[0]


class Shell:
    """A reader's shell in an empty folder, with the stand-ins first on its PATH."""

    def __init__(
        self, folder: Path, environ: dict[str, str], names: dict[str, str], hosts: dict[str, str] | None = None
    ) -> None:
        self._hosts = hosts or {}
        self.folder, self._names = folder, NAMES | names
        self._bin = folder.parent / "bin"
        self._bin.mkdir(exist_ok=True)
        for name in ("turso", "gh", "npx"):
            self._command(name, f'exec {sys.executable} {ROOT}/tests/docs/stand_ins/vendor.py {name} "$@"')
        self._command("aws", f'exec {sysconfig.get_path("scripts")}/aws "$@"')
        self._environ = environ | {
            "PATH": f"{self._bin}{os.pathsep}{os.environ['PATH']}",
            "EDITOR": str(self._bin / "editor"),
        }

    def _command(self, name: str, script: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def edits(self, *lines: str) -> None:
        """What the reader writes in the editor."""
        self._command("editor", "cat >> \"$1\" <<'END'\n" + "\n".join(lines) + "\nEND")

    def run(self, text: str, typed: str = "", fails: bool = False, **names: str) -> str:
        """Paste a block; what it prints, errors included."""
        for vendors, ours in self._hosts.items():
            text = text.replace(vendors, ours)
        script = re.sub(r"<([A-Z][A-Z0-9_]*)>", lambda match: (self._names | names)[match[1]], text)
        completed = subprocess.run(
            ["bash", "-uc" if fails else "-euc", script],
            cwd=self.folder,
            env=self._environ,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert (completed.returncode != 0) == fails, completed.stdout
        return completed.stdout

    @property
    def vault(self) -> Path:
        """The vault that the blocks write."""
        return self.folder / ".deploybook/production.env"


@pytest.fixture
def local(tmp_path: Path) -> Shell:
    """A shell without any cloud."""
    folder = tmp_path / "guide"
    folder.mkdir()
    return Shell(folder, {"HOME": str(tmp_path)}, {})


@pytest.fixture
def cloud(tmp_path: Path, start_sandbox: Callable[..., RunningSandbox]) -> Shell:
    """A shell with the sandbox's clouds."""
    sandbox = start_sandbox("r2", "cloudflare", "turso", "render", "github")
    sandbox.reset()
    folder = tmp_path / "guide"
    folder.mkdir()
    environ = sandbox.environment(CURL_CA_BUNDLE=sandbox.exports["SSL_CERT_FILE"], HOME=str(tmp_path))
    # What the reader's block exports is not there before it.
    environ = {name: value for name, value in environ.items() if not name.startswith("AWS_") or name == "AWS_CA_BUNDLE"}
    values = {name: sandbox.exports[name] for name in ("TURSO_ORGANIZATION",)}
    hosts = {
        "https://<R2_ACCOUNT_ID>.r2.cloudflarestorage.com": sandbox.exports["R2_ENDPOINT_URL"],
        "https://api.render.com/v1": sandbox.exports["RENDER_API_URL"],
    }
    return Shell(folder, environ, values | {"GIT_REPOSITORY": sandbox.exports["GITHUB_REPOSITORY"]}, hosts)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_webhook_secret_made_by_hand_is_there_once_and_private(local: Shell) -> None:
    assert "No such file" in local.run(block("webhook_secret", f"grep -c {SECRET}"), fails=True)
    assert local.run(block("webhook_secret", "openssl rand")) == ""
    assert mode(local.vault) == 0o600
    assert mode(local.vault.parent) == 0o700
    assert local.run(block("webhook_secret", f"grep -c {SECRET}")) == "1\n"
    assert local.run(block("webhook_secret", "grep -cE", "Verify")) == "1\n"


@pytest.mark.parametrize(("section", "lines"), [("r2", 4), ("turso", 2)])
def test_a_vault_written_by_hand_is_private(local: Shell, section: str, lines: int) -> None:
    local.edits(*(f"NAME_{number}='value'" for number in range(lines)))
    local.run(block(section, "${EDITOR:-vi}"))
    assert len(local.vault.read_text().splitlines()) == lines
    assert "-rw-------" in local.run("ls -l .deploybook")


@pytest.mark.parametrize("section", ["modal", "vercel"])
def test_a_vault_that_is_there_is_opened(local: Shell, section: str) -> None:
    local.vault.parent.mkdir()
    local.vault.write_text("FIRST='1'\n", encoding="utf-8")
    local.edits("SECOND='2'")
    local.run(block(section, "${EDITOR:-vi}"))
    assert local.vault.read_text(encoding="utf-8") == "FIRST='1'\nSECOND='2'\n"


def test_the_workflow_is_committed_and_pushed_by_hand(local: Shell, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    user = "git config user.name me; git config user.email me@example.com"
    local.run(f"git init -q --bare -b main {origin}; git init -q -b main; git remote add origin {origin}; {user}")
    local.run("git commit -q --allow-empty -m first; git push -q -u origin main")
    local.edits("# edited")
    local.run(block("ci_cd", "git push"), GUIDE_PATH=str(ROOT))
    pushed = local.run(f"git --git-dir {origin} show main:.github/workflows/deploy.yml")
    assert pushed == (ROOT / "runbooks/workflows/deploy.yml").read_text(encoding="utf-8") + "# edited\n"


def test_turso_done_by_hand_has_a_database_that_its_token_opens(cloud: Shell) -> None:
    assert "aws-us-east-1" in cloud.run(block("turso", "turso org switch"))
    cloud.run(block("turso", "turso group create"))
    assert "default aws-us-east-1" in cloud.run("turso group list")
    url = cloud.run(block("turso", "turso db create")).strip()
    assert url.startswith("libsql://")
    made = block("turso", "turso db tokens create")
    assert re.search(r"\d{3} characters", cloud.run(made))
    token = cloud.run(f'{made}printf %s "$TURSO_AUTH_TOKEN"').splitlines()[-1]
    verify = block("turso", "/v2/pipeline", "Verify")
    output = cloud.run(verify, f"{token}\n", DATABASE_HOST=url.removeprefix("libsql://"))
    assert '"type":"ok"' in output
    assert '"1"' in output
    assert "Unauthorized" in output.splitlines()[-1]
    cloud.run(block("turso", "turso db destroy", "Undo"), "y\n")
    assert "not found" in cloud.run("turso db show <DATABASE_NAME> --url", fails=True)


def test_r2_done_by_hand_has_a_bucket_that_its_key_opens_and_no_other(
    cloud: Shell, start_sandbox: Callable[..., RunningSandbox]
) -> None:
    assert cloud.run(block("r2", "bucket list")).strip() == ""
    cloud.run(block("r2", "bucket create"), BUCKET_NAME="studio-by-hand")
    assert "studio-by-hand" in cloud.run(block("r2", "bucket list"))
    keys = make_bucket(start_sandbox("r2", "cloudflare", "turso", "render", "github"), "studio-production")
    names = {name: keys[name] for name in ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID")}
    verify = block("r2", "aws s3 cp", "Verify")
    output = cloud.run(verify, f"{keys['R2_SECRET_ACCESS_KEY']}\n", fails=True, **names)
    assert re.search(r" 6 by-hand\.txt$", output, re.MULTILINE)
    assert "delete: s3://studio-production/deploybook-check/by-hand.txt" in output
    assert "AccessDenied" in output.splitlines()[-1]


def test_render_shows_the_workspace_to_a_key_that_no_argument_holds(cloud: Shell) -> None:
    assert '"owner"' in cloud.run(block("render", "/v1/owners"))


def test_github_has_the_secrets_set_by_hand(cloud: Shell) -> None:
    assert cloud.run(block("ci_cd", "gh run list --repo <GIT_REPOSITORY> --limit 1\n")).startswith("main\n")
    cloud.vault.parent.mkdir()
    names = ["VERCEL_ORG_ID", "VERCEL_PROJECT_ID", "RENDER_DEPLOY_HOOK_URL", SECRET]
    cloud.vault.write_text("".join(f"{name}='value'\n" for name in names), encoding="utf-8")
    output = cloud.run("export VERCEL_TOKEN=canary\n" + block("ci_cd", "gh secret set"))
    assert [value for value in ("canary", "'value'") if value in output] == []
    listed = cloud.run("gh secret list --repo <GIT_REPOSITORY>").split()
    assert sorted(listed) == ["RENDER_DEPLOY_HOOK_URL", "VERCEL_ORG_ID", "VERCEL_PROJECT_ID", "VERCEL_TOKEN"]
