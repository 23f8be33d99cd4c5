"""``deploybook env list`` and ``export``: what they show of the vault, and where its values may go."""

from __future__ import annotations

import json
import os
import pty
import secrets
import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr
from tests.conftest import ROOT
from tests.runbooks.conftest import Finished, Guide

from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable
from deploybook.contract.model import load_contract
from deploybook.errors import InvalidValue
from deploybook.redact import fingerprint
from deploybook.state.env_file import HEADING, export, quoted
from deploybook.state.vault import Vault

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")


def value_of(variable: Variable) -> str:
    """A value of the variable's form; another one each time for a secret."""
    if not variable.secret:
        return variable.example
    key = secrets.token_hex(32)
    return key if variable.matches(key) else f"{variable.example}{key}"


VALUES = {variable.name: value_of(variable) for variable in CONTRACT.variables if variable.section}
SECRETS = [VALUES[variable.name] for variable in CONTRACT.variables if variable.secret and variable.section]


@pytest.fixture
def filled(guide: Guide) -> Guide:
    fill(guide)
    return guide


def fill(guide: Guide, environment: str = "production") -> None:
    values = {name: SecretStr(value) for name, value in VALUES.items()}
    Vault(guide.root / ".deploybook", environment).put(values)


def output_of(result: Finished) -> str:
    """The output, once it is sure that there is no secret in it."""
    assert [secret for secret in SECRETS if secret in result.output] == []
    return result.output


def exported(guide: Guide, *arguments: str, env: dict[str, str] | None = None) -> Finished:
    return guide.run("env", "export", *arguments, env=env)


def read_by_shell(path: Path, names: list[str]) -> dict[str, str]:
    """What a POSIX shell makes of the file, each value ended by a NUL."""
    script = f'set -a; . "{path}"; ' + "; ".join(f'printf "%s\\0" "${name}"' for name in names)
    output = subprocess.run(["sh", "-c", script], capture_output=True, check=True, env={}).stdout.decode()
    return dict(zip(names, output.split("\0"), strict=False))


def test_list_names_every_variable_and_shows_no_value(filled: Guide) -> None:
    output = output_of(filled.run("env", "list"))
    rows = {line.split()[0]: line for line in output.splitlines() if line.strip()}
    assert [variable.name for variable in CONTRACT.variables if variable.name not in rows] == []
    assert rows["AWS_SECRET_ACCESS_KEY"].split()[-2:] == ["yes", "yes"]
    assert rows["DEPLOY_ENV"].endswith("fixed")
    assert rows["VERCEL_TOKEN"].endswith("not in your shell")
    assert rows["WORKER_POLL_INTERVAL_MS"].split()[-2:] == ["no", "no"]
    assert VALUES["TURSO_DATABASE_URL"] not in output


def test_list_says_what_the_vault_lacks(guide: Guide) -> None:
    listing = json.loads(guide.run("env", "list", "--json").output)
    assert {row["vault"] for row in listing["variables"]} == {False}


def test_secrets_alone_have_fingerprints_and_only_if_asked(filled: Guide) -> None:
    without = json.loads(output_of(filled.run("env", "list", "--json")))
    assert not any("fingerprint" in row for row in without["variables"])
    listing = json.loads(
        output_of(filled.run("env", "list", "--json", "--fingerprints", env={"VERCEL_TOKEN": "t" * 24}))
    )
    prints = {row["name"]: row["fingerprint"] for row in listing["variables"] if "fingerprint" in row}
    assert set(prints) == {variable.name for variable in CONTRACT.variables if variable.secret}
    assert prints["AWS_SECRET_ACCESS_KEY"] == fingerprint(SecretStr(VALUES["R2_SECRET_ACCESS_KEY"]))


def test_an_environment_that_cannot_be_is_refused(guide: Guide) -> None:
    result = guide.run("env", "list", "--environment", "../production")
    assert result.code == 2
    assert "environment" in result.output


@pytest.mark.parametrize("consumer", ["vercel", "render", "modal:r2-credentials", "modal:render-auth", "github"])
def test_an_export_is_private_and_complete_and_reads_the_same_twice(filled: Guide, consumer: str) -> None:
    result = exported(filled, "--for", consumer, env={"VERCEL_TOKEN": "canary-token-of-vercel"})
    path = filled.root / ".deploybook" / f"production.{consumer.replace(':', '-')}.env"
    assert result.code == 0
    assert str(path) in output_of(result)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    wanted = {
        variable.name: variable.value or "canary-token-of-vercel" if variable.value or variable.credential else
        VALUES[CONTRACT.origin(variable).name]
        for variable in CONTRACT.consumed_by(consumer) if not variable.optional
    }  # fmt: skip
    assert dict(dotenv_values(path)) == wanted
    assert read_by_shell(path, list(wanted)) == wanted
    assert exported(filled, "--for", consumer, env={"VERCEL_TOKEN": "canary-token-of-vercel"}).code == 0


def test_an_environment_exports_its_own_vault(guide: Guide) -> None:
    fill(guide, "staging")
    assert exported(guide, "--for", "render").code == 2
    assert exported(guide, "--for", "render", "--environment", "staging").code == 0
    assert (guide.root / ".deploybook" / "staging.render.env").exists()


def test_what_the_consumers_own_section_makes_is_left_out_and_named(filled: Guide) -> None:
    Vault(filled.root / ".deploybook", "production").forget("NEXT_PUBLIC_APP_URL")
    result = exported(filled, "--for", "vercel")
    assert result.code == 0
    assert "left out: NEXT_PUBLIC_APP_URL" in result.output
    refused = exported(filled, "--for", "render")
    assert refused.code == 2
    assert "NEXT_PUBLIC_APP_URL is not in the vault" in refused.output
    assert not (filled.root / ".deploybook" / "production.render.env").exists()


@pytest.mark.parametrize("output", ["-", "/dev/null", "folder", ".deploybook/other.env"])
def test_an_export_goes_to_files_of_its_own_only(filled: Guide, output: str) -> None:
    (filled.root / "folder").mkdir()
    place = output if output.startswith(("-", "/")) else str(filled.root / output)
    result = exported(filled, "--for", "vercel", "--output", place)
    assert result.code == 2
    assert "--output" in output_of(result)


@pytest.mark.parametrize("output", ["/dev/stdout", "/dev/stderr"])
def test_an_export_does_not_go_to_the_processs_own_outputs(filled: Guide, output: str) -> None:
    result = filled.with_kernels.run("env", "export", "--for", "vercel", "--output", output)
    assert result.code == 2
    assert "--output" in output_of(result)


def test_a_terminal_is_refused(filled: Guide) -> None:
    controller, terminal = pty.openpty()
    try:
        result = exported(filled, "--for", "vercel", "--output", os.ttyname(terminal))
    finally:
        os.close(terminal)
        os.close(controller)
    assert result.code == 2
    assert "is not a file" in output_of(result)


def test_the_vault_and_other_peoples_files_are_not_overwritten(filled: Guide, tmp_path: Path) -> None:
    vault, own = filled.root / ".deploybook" / "production.env", tmp_path / "mine.env"
    own.write_text("MINE=1\n")
    link = tmp_path / "link.env"
    link.symlink_to(vault)
    before = vault.read_bytes()
    for path in (vault, own, link):
        assert exported(filled, "--for", "vercel", "--output", str(path)).code == 2
    assert vault.read_bytes() == before
    assert own.read_text() == "MINE=1\n"


def test_a_path_that_git_would_commit_is_refused(filled: Guide, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    (repository / ".gitignore").write_text("ignored/\n*.env\n!kept.env\n")
    (repository / "tracked.env").write_text(HEADING + "\n")
    subprocess.run([*git, "add", "-f", "tracked.env"], check=True)
    outputs = {"tracked.env": 2, "kept.env": 2, "new/folder/plain.txt": 2, "other.env": 0, "ignored/new/file": 0}
    codes = {path: exported(filled, "--for", "vercel", "--output", str(repository / path)).code for path in outputs}
    assert codes == outputs
    assert (repository / "tracked.env").read_text() == HEADING + "\n"
    (repository / "inner").mkdir()
    (tmp_path / "way").symlink_to(repository / "inner")
    assert exported(filled, "--for", "vercel", "--output", str(tmp_path / "way" / "plain.txt")).code == 2


def test_another_repository_is_not_asked_in_its_place(filled: Guide, tmp_path: Path) -> None:
    for name in ("repository", "lenient"):
        subprocess.run(["git", "init", "-q", str(tmp_path / name)], check=True)
    (tmp_path / "lenient" / ".git" / "info" / "exclude").write_text("*\n")
    output = tmp_path / "repository" / "plain.txt"
    elsewhere = {"GIT_DIR": str(tmp_path / "lenient" / ".git"), "GIT_WORK_TREE": str(tmp_path)}
    assert exported(filled, "--for", "vercel", "--output", str(output), env=elsewhere).code == 2
    assert not output.exists()


def test_without_git_a_repository_is_not_written_to(filled: Guide, tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    output = str(tmp_path / "repository" / "any.env")
    result = exported(filled, "--for", "vercel", "--output", output, env={"PATH": str(tmp_path)})
    assert result.code == 2
    assert not Path(output).exists()


def test_hard_values_read_the_same_in_python_and_in_a_shell(tmp_path: Path) -> None:
    hard = ["", "a b", "it's", 'say "x"', "back\\slash", "\\", "\\'", 'a\\"b\'', "#no", "a=b", "$HOME", "`id`", "$(id)", "ä→", "!", "%s",
            "\\n", "'", '"', "''", "a'b\\nc", "~", "*", "\\\\'", "a\\", "'a\\'"]  # fmt: skip
    alphabet = "ab'\"\\#= !%n€"
    hard += ["".join(secrets.choice(alphabet) for _ in range(8)) for _ in range(300)]
    values = {f"V{number}": value for number, value in enumerate(hard)}
    path = tmp_path / "hard.env"
    export(path, "vercel", {name: ConsumerVariable(name, SecretStr(value), True) for name, value in values.items()})
    assert dict(dotenv_values(path)) == values
    assert read_by_shell(path, list(values)) == values


@pytest.mark.parametrize("value", ["${HOME}", "a\nb", "a\rb", "it's $5", "it's `id`", "\\$", "a\0b"])
def test_what_the_two_would_read_differently_is_refused_unquoted(value: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        quoted("NAME", value)
    assert value not in "\n".join(caught.value.lines())
