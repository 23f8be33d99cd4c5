"""``deploybook init``: what it asks, what it keeps, what it never writes, and what it says of each provider."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands.terminal import at_a_terminal
from tests.conftest import CONTRACT, RunningSandbox
from tests.runbook.settings_checkout import checkout
from tests.runbooks.conftest import COMMAND, Guide

from deploybook.clouds.access import LOOKS

# It is there, so that nobody is asked for it, and its provider is not asked either.
MALFORMED = "not a credential"
SECRETS = [each.name for each in CONTRACT.credentials if each.secret]


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    checkout(tmp_path)
    return Guide(tmp_path)


def kept(guide: Guide) -> str:
    return (guide.root / "runbooks" / "parameters" / "production.yaml").read_text()


def endpoints(sandbox: RunningSandbox) -> dict[str, str]:
    """The sandbox in the place of the internet: its addresses, and none of its credentials."""
    names = {name for provider in CONTRACT.providers for name in provider.endpoints} | {"SSL_CERT_FILE"}
    return {name: value for name, value in sandbox.exports.items() if name in names}


def test_every_provider_is_looked_at() -> None:
    assert set(LOOKS) == {provider.name for provider in CONTRACT.providers}


def test_a_script_is_told_everything_that_is_missing_and_nothing_is_written(guide: Guide) -> None:
    result = guide.run("init", "--check", "-p", "region=ohio")
    assert result.code == 2
    for credential in CONTRACT.credentials:
        assert credential.name in result.output
    assert result.output.count("MISSING") == sum(not each.optional for each in CONTRACT.credentials)
    assert not (guide.root / "runbooks" / "parameters" / "production.yaml").exists()


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    running = start_sandbox("vercel", "render", "modal")
    running.reset()
    return running


def test_a_new_operator_is_asked_once_and_nothing_secret_is_written(
    guide: Guide, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    file = tmp_path / "home" / "studio.env"
    file.parent.mkdir()
    environ = guide.environment(endpoints(sandbox))
    with at_a_terminal([COMMAND, "init"], environ) as terminal:
        terminal.answer("git_repository: ", "not a repository")
        terminal.answer("Parameter git_repository is 'not a repository'.", "studio/app")
        terminal.answer("file: ", str(file))
        terminal.wait_for("was created without values")
        for name in ("CLOUDFLARE_ACCOUNT_ID", "TURSO_ORGANIZATION", "MODAL_TOKEN_ID", "VERCEL_TEAM_ID"):
            terminal.answer(f"{name}: ", sandbox.exports.get(name, ""))
        assert terminal.end() == 2
    assert [name for name in SECRETS if f"\n{name}=\n" not in file.read_text()] == []
    assert file.stat().st_mode & 0o777 == 0o600
    assert "git_repository: studio/app\n" in kept(guide)
    assert f"credentials_file: {file}\n" in kept(guide)
    assert f"  VERCEL_TEAM_ID: {sandbox.exports['VERCEL_TEAM_ID']}\n" in kept(guide)


def test_the_table_says_that_a_credential_came_from_the_file_that_was_just_named(
    guide: Guide, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    file = tmp_path / "studio.env"
    credentials = {
        credential.name: sandbox.exports.get(credential.name, MALFORMED) for credential in CONTRACT.credentials
    }
    file.write_text("".join(f"{name}='{value}'\n" for name, value in credentials.items()), encoding="utf-8")
    file.chmod(0o600)
    with at_a_terminal([COMMAND, "init"], guide.environment(endpoints(sandbox))) as terminal:
        terminal.answer("git_repository: ", "studio/app")
        terminal.answer("file: ", str(file))
        terminal.wait_for("CLOUDFLARE_ACCOUNT_ID   studio.env")
        terminal.end()


def test_the_team_is_chosen_by_its_name_among_those_that_the_token_reaches(
    guide: Guide, sandbox: RunningSandbox
) -> None:
    others = {credential.name: MALFORMED for credential in CONTRACT.credentials if credential.name != "VERCEL_TEAM_ID"}
    credentials = others | {"VERCEL_TOKEN": sandbox.exports["VERCEL_TOKEN"]}
    with at_a_terminal([COMMAND, "init"], guide.environment(endpoints(sandbox) | credentials)) as terminal:
        terminal.answer("git_repository: ", "studio/app")
        terminal.wait_for(f"{sandbox.exports['VERCEL_TEAM_ID']}  studio-team")
        terminal.answer("VERCEL_TEAM_ID: ", "studio-taem")
        terminal.answer("Did you mean studio-team?", "studio-team")
        terminal.end()
    assert f"  VERCEL_TEAM_ID: {sandbox.exports['VERCEL_TEAM_ID']}\n" in kept(guide)


def test_each_provider_says_which_account_it_is_or_why_not(
    guide: Guide, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    file = tmp_path / "studio.env"
    names = ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "VERCEL_TOKEN", "VERCEL_TEAM_ID")
    file.write_text("".join(f"{name}={sandbox.exports[name]}\n" for name in names) + "RENDER_API_KEY=rnd_wrong\n")
    file.chmod(0o600)
    result = guide.run("init", "--credentials-file", str(file), env=endpoints(sandbox))
    assert "workspace sandbox-operator" in result.output
    assert "team studio-team" in result.output
    assert "✗ Render: " in result.output
    assert "docs/troubleshooting.md#credential-refused" in result.output
    assert result.code == 2
    assert not [name for name in (*names, "RENDER_API_KEY") if f"{name}:" in kept(guide)]
    assert all(sandbox.exports[name] not in result.output for name in ("MODAL_TOKEN_SECRET", "VERCEL_TOKEN"))
    assert not [request for request in sandbox.journal("vercel", "render") if request["method"] != "GET"]


def test_a_password_managers_command_is_kept_and_a_pasted_secret_is_not(
    guide: Guide, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(sandbox.exports["RENDER_API_KEY"])
    others = {credential.name: MALFORMED for credential in CONTRACT.credentials if credential.name != "RENDER_API_KEY"}
    environ = guide.environment(endpoints(sandbox) | others)
    remote = ["remote", "add", "origin", "git@github.com:acme/studio.git"]
    for words in (["init", "--quiet"], remote):
        subprocess.run(["git", "-C", str(guide.root), *words], check=True)
    with at_a_terminal([COMMAND, "init"], environ) as terminal:
        terminal.wait_for("Enter takes acme/studio")
        terminal.answer("git_repository: ", "")
        terminal.answer("file: ", "")
        terminal.answer("a command that prints RENDER_API_KEY: ", sandbox.exports["RENDER_API_KEY"])
        terminal.answer("not the credential.", f"cat {shlex.quote(str(key))}")
        terminal.wait_for("workspace ")
        terminal.end()
    assert f"credentials:\n  RENDER_API_KEY: cat {key}\n" in kept(guide)
    assert "git_repository: acme/studio\n" in kept(guide)
    assert sandbox.exports["RENDER_API_KEY"] not in kept(guide)
