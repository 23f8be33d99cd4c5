"""``deploybook env set``: a value comes from standard input or a prompt without echo, and only one of its form is kept."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest
from tests.commands.test_env import CONTRACT, VALUES, value_of
from tests.runbooks.conftest import COMMAND, Guide
from tests.waiting import PATIENCE_SECONDS

from deploybook.state.vault import Vault

NAME = "TURSO_AUTH_TOKEN"


def stored(guide: Guide, environment: str = "production") -> dict[str, str]:
    values = Vault(guide.root / ".deploybook", environment).all()
    return {name: value.get_secret_value() for name, value in values.items()}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_piped_value_is_kept_and_not_printed(guide: Guide, end: str) -> None:
    result = guide.run("env", "set", NAME, "--environment", "staging", typed=VALUES[NAME] + end)
    assert result.code == 0, result.output
    assert stored(guide, "staging") == {NAME: VALUES[NAME]}
    assert VALUES[NAME] not in result.output


def test_it_replaces_only_the_one_value(guide: Guide) -> None:
    for name in ("R2_BUCKET_NAME", NAME, NAME):
        value = value_of(CONTRACT.variable(name))
        assert guide.run("env", "set", name, typed=value).code == 0
    assert stored(guide) == {"R2_BUCKET_NAME": VALUES["R2_BUCKET_NAME"], NAME: value}


@pytest.mark.parametrize("typed", ["hunter2", "hunter2.hunter2", " a.b.c", "a.b.c\n\n"])
def test_a_value_without_its_form_is_refused_with_the_form_and_not_kept(guide: Guide, typed: str) -> None:
    result = guide.run("env", "set", NAME, typed=typed)
    assert result.code == 2
    assert NAME in result.output
    assert typed.strip() not in result.output
    assert stored(guide) == {}


def test_the_refusal_says_the_form(guide: Guide) -> None:
    assert CONTRACT.variable(NAME).pattern in guide.run("env", "set", NAME, typed="hunter2").output


def test_nothing_is_no_value(guide: Guide) -> None:
    result = guide.run("env", "set", NAME, typed="\n")
    assert result.code == 2
    assert stored(guide) == {}


def test_a_value_is_never_an_argument(guide: Guide) -> None:
    result = guide.run("env", "set", NAME, VALUES[NAME])
    assert result.code == 2
    assert stored(guide) == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("AWS_SECRET_ACCESS_KEY", "Set R2_SECRET_ACCESS_KEY instead."),
        ("DEPLOY_ENV", "runbooks/contract.toml"),
        ("VERCEL_TOKEN", "Export VERCEL_TOKEN"),
        ("NO_SUCH_THING", "NO_SUCH_THING is not in the contract"),
    ],
)
def test_what_the_vault_does_not_keep_is_refused(guide: Guide, name: str, message: str) -> None:
    result = guide.run("env", "set", name, typed="x")
    assert result.code == 2
    assert message in result.output


def test_at_a_terminal_it_asks_without_echo(guide: Guide) -> None:
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "env", "set", NAME],
        stdin=side,
        stdout=side,
        stderr=side,
        env=guide.environment(),
        start_new_session=True,
    )
    os.close(side)
    output = b""
    while b":" not in output:
        output += os.read(terminal, 1024)
    os.write(terminal, VALUES[NAME].encode() + b"\n")
    assert process.wait(PATIENCE_SECONDS) == 0
    output += os.read(terminal, 4096)
    os.close(terminal)
    assert VALUES[NAME].encode() not in output
    assert stored(guide) == {NAME: VALUES[NAME]}
