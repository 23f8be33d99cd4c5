"""Where credentials come from: the environment, the settings, a dot-env file, a command; and what each may not do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.conftest import CONTRACT

from deploybook.errors import InvalidValue
from deploybook.runbook.credential_sources import (
    GATHERED_VARIABLE,
    Sources,
    complete,
    credential_names,
    operator_environment,
    printed_by,
)
from deploybook.runbook.settings import Settings

NAMES = ["TURSO_API_TOKEN", "TURSO_ORGANIZATION"]


def settings(tmp_path: Path, *, file: str | None = None, command: str = "") -> Settings:
    path = None
    if file is not None:
        path = tmp_path / "studio.env"
        path.write_text(file)
        path.chmod(0o600)
    commands = {"TURSO_API_TOKEN": command} if command else {}
    return Settings(
        tmp_path / "production.yaml", "production", {}, {"TURSO_ORGANIZATION": "acme"}, commands, path, {"x": 1}
    )


def taken(settings: Settings, environ: dict[str, str]) -> Sources:
    return complete(CONTRACT, settings, environ, NAMES)


def test_the_environment_goes_before_the_file_and_the_file_before_the_command(tmp_path: Path) -> None:
    environ = {"TURSO_API_TOKEN": "of the shell"}
    both = settings(tmp_path, file="TURSO_API_TOKEN='of-the-file'\n", command="echo of-the-command")
    assert taken(both, environ).origins["TURSO_API_TOKEN"] == "the environment"
    assert environ["TURSO_API_TOKEN"] == "of the shell"
    environ = {}
    assert taken(both, environ).origins == {"TURSO_API_TOKEN": "studio.env", "TURSO_ORGANIZATION": "production.yaml"}
    assert environ == {"TURSO_API_TOKEN": "of-the-file", "TURSO_ORGANIZATION": "acme"}


def test_a_command_gives_its_first_line(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin"}
    sources = taken(settings(tmp_path, command=r"printf 'token\nnotes\n'"), environ)
    assert environ["TURSO_API_TOKEN"] == "token"
    assert sources.origins["TURSO_API_TOKEN"] == "`printf`"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("no-such-manager read x", "is not a program"),
        ("false now", "failed with exit code 1"),
        ("true now", "printed nothing"),
        ("/ now", "cannot be run"),
    ],
)
def test_a_command_that_gives_nothing_is_named_with_the_reason(tmp_path: Path, command: str, problem: str) -> None:
    sources = taken(settings(tmp_path, command=command), {"PATH": "/usr/bin:/bin"})
    assert problem in sources.problems["TURSO_API_TOKEN"]
    assert "TURSO_API_TOKEN" not in sources.origins


def test_a_command_sees_no_other_credential(tmp_path: Path) -> None:
    probe = f"{sys.executable} -c \"import os; print(os.environ.get('RENDER_API_KEY', 'none'))\""
    environ = {"RENDER_API_KEY": "secret"}
    taken(settings(tmp_path, command=probe), environ)
    assert environ["TURSO_API_TOKEN"] == "none"


def test_nothing_is_done_by_a_shell() -> None:
    assert printed_by("echo $HOME; id", {}) == ("$HOME; id", "")


def test_a_file_may_name_an_endpoint_but_no_variable_and_nothing_else(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    text = "TURSO_API_URL=http://127.0.0.1:1\nTURSO_AUTH_TOKEN=x\nPATH=/evil\nRENDER_API_KEY=unasked\n"
    taken(settings(tmp_path, file=text), environ)
    assert environ == {"TURSO_API_URL": "http://127.0.0.1:1", "TURSO_ORGANIZATION": "acme"}


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    readable = settings(tmp_path, file="TURSO_API_TOKEN=x\n")
    assert readable.credentials_file
    readable.credentials_file.chmod(0o640)
    with pytest.raises(InvalidValue, match="can be read by others") as refused:
        taken(readable, {})
    assert refused.value.hint == f"Run chmod 600 {readable.credentials_file}."


def test_a_file_that_is_another_machines_is_named_beside_what_it_would_give(tmp_path: Path) -> None:
    elsewhere = settings(tmp_path, file="TURSO_API_TOKEN=x\n")
    assert elsewhere.credentials_file
    elsewhere.credentials_file.unlink()
    assert taken(elsewhere, {}).problems == {"TURSO_API_TOKEN": f"{elsewhere.credentials_file} does not exist"}


def test_a_section_asks_for_what_it_reads_and_can_use() -> None:
    assert credential_names(CONTRACT, ["render"]) == ["VERCEL_TOKEN", "VERCEL_TEAM_ID", "RENDER_API_KEY"]


def test_a_kernel_of_a_run_asks_no_password_manager_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = tmp_path / "asked"
    asking = settings(tmp_path, command=f"touch {witness}")
    # So that what the call puts into the environment goes with the test.
    monkeypatch.setenv("TURSO_ORGANIZATION", "")
    monkeypatch.setenv(GATHERED_VARIABLE, "1")
    operator_environment(CONTRACT, asking, ["turso"])
    assert not witness.exists()
    monkeypatch.delenv(GATHERED_VARIABLE)
    operator_environment(CONTRACT, asking, ["turso"])
    assert witness.exists()
