"""What is typed wrong is refused before anything is started, with what was meant, and the corrected line works."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from pydantic import SecretStr
from tests.runbooks.conftest import Guide

from deploybook.cli import cli, main
from deploybook.contract.nearest import nearest
from deploybook.state.vault import Vault

NAMES = [
    # typed, refused with, meant
    (("run", "vercle"), "There is no section vercle.", "Did you mean vercel?"),
    (("run", "R2"), "There is no section R2.", "Did you mean r2?"),
    (("run", "ci-cd"), "There is no section ci-cd.", "Did you mean ci_cd?"),
    (("run", "webhook"), "There is no section webhook.", "Did you mean webhook_secret?"),
    (("run", "End-To-End"), "There is no section End-To-End.", "Did you mean end_to_end?"),
    (("run", "--mode", "aply"), "'aply' is not one of", "Did you mean apply?"),
    (("run", "--mode", "dry_run"), "'dry_run' is not one of", "Did you mean dry-run?"),
    (("run", "--mode", "Verify"), "'Verify' is not one of", "Did you mean verify?"),
    (
        ("run", "--mode", "verify", "--environment", "stagin"),
        "There is no environment stagin.",
        "Did you mean staging?",
    ),
    (("run", "--mode", "destroy", "--environment", "nope"), "There is no environment nope.", "There are staging."),
    (("doctor", "--environment", "Staging"), "Parameter environment is 'Staging'.", "a to z"),
    (("doctor", "--environment", "stagging"), "There is no environment stagging.", "Did you mean staging?"),
    (("env", "status", "--environment", "staing"), "There is no environment staing.", "Did you mean staging?"),
    (
        ("env", "export", "--for", "render", "--environment", "sta"),
        "There is no environment sta.",
        "There are staging.",
    ),
    (("env", "export", "--for", "Render"), "Render is no consumer to export for.", "Did you mean render?"),
    (
        ("env", "set", "TURSO_DATABASE_URI"),
        "TURSO_DATABASE_URI is not in the contract.",
        "Did you mean TURSO_DATABASE_URL?",
    ),
    (("explain", "cors-"), "There is no entry cors-.", "Did you mean cors?"),
    (("explain", "r2_keys"), "There is no entry r2_keys.", "Did you mean r2-keys?"),
    (("check", "--explain", "name-exist"), "There is no rule name-exist.", "Did you mean name-exists?"),
    (("sandbox", "--only", "verzel"), "there is no service verzel.", "Did you mean vercel?"),
    (("rnu",), "No such command 'rnu'.", "Did you mean 'run'?"),
    (("dotcor",), "No such command 'dotcor'.", "Did you mean 'doctor'?"),
    (("env", "lst"), "No such command 'lst'.", "Did you mean one of: 'list', 'set'?"),
    (("run", "--enviroment", "x"), "No such option '--enviroment'.", "Did you mean '--environment'?"),
]


@pytest.fixture
def staging(guide: Guide) -> Guide:
    """A checkout with one environment, and the pages."""
    Vault(guide.root / ".deploybook", "staging").put({"TURSO_DATABASE_URL": SecretStr("libsql://x.turso.io")})
    (guide.root / "docs").symlink_to(guide.root.joinpath("runbooks").resolve().parent / "docs")
    return guide


@pytest.mark.parametrize(
    ("typed", "refusal", "meant"), NAMES, ids=lambda value: " ".join(value) if type(value) is tuple else ""
)
def test_a_mistyped_name_is_answered_with_the_one_that_was_meant(
    staging: Guide, typed: tuple[str, ...], refusal: str, meant: str
) -> None:
    done = staging.run(*typed)
    assert done.code == 2
    assert refusal in done.output
    assert meant in done.output
    assert "Traceback" not in done.output
    assert staging.reports() == []


def test_a_new_environment_is_begun_with_a_word_about_the_one_that_may_have_been_meant(staging: Guide) -> None:
    done = staging.run("run", "webhook_secret", "--mode", "plan", "--environment", "stagin")
    assert done.code == 0
    said = "stagin is a new environment: nothing is known of it here. Did you mean staging? There are staging."
    assert done.output.startswith(said)
    assert (
        "new environment"
        not in staging.run("run", "webhook_secret", "--mode", "plan", "--environment", "staging").output
    )


def test_a_name_that_is_like_none_is_answered_with_no_guess() -> None:
    assert nearest("kubernetes", ["r2", "turso", "vercel"]) == ""


def test_the_root_help_cuts_no_summary() -> None:
    shown = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert "..." not in shown.partition("Commands:")[2]
    assert max(map(len, shown.splitlines())) <= 80


def completed(*words: str) -> list[str]:
    complete = ShellComplete(cli, {}, "deploybook", "_DEPLOYBOOK_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_a_shell_completes_sections_environments_parameters_and_entries(
    staging: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(staging.root))
    assert completed("run", "") == [
        "r2", "turso", "modal", "webhook_secret", "vercel", "render", "end_to_end", "ci_cd",
    ]  # fmt: skip
    assert completed("run", "vercel", "v") == []
    assert completed("run", "--environment", "") == ["production", "staging"]
    assert completed("run", "r2", "-p", "bu") == ["bucket_name"]
    assert completed("explain", "turso-o") == ["turso-organization"]
    assert completed("run", "--mode", "de") == ["destroy"]


def test_outside_of_a_checkout_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYBOOK_HOME", "/nonexistent")
    assert completed("run", "") == []


def test_how_to_switch_completion_on_is_shown_for_the_shell_that_is_named() -> None:
    with pytest.raises(SystemExit):
        main(["completion", "tcsh"])
    shown = CliRunner().invoke(cli, ["completion", "zsh"]).output
    assert "#compdef deploybook" in shown
