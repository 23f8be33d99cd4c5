"""What is typed wrong is refused before anything is started, and the line that the answer shows works when it is pasted."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from pydantic import SecretStr
from tests.commands.typed_wrong import TYPED_WRONG, Wrong, write
from tests.conftest import CONTRACT
from tests.runbook.settings_checkout import checkout
from tests.runbooks.conftest import Guide
from tests.runner.test_run import Pretended
from tests.waiting import PATIENCE_SECONDS

from deploybook.cli import cli, main
from deploybook.commands.usage import correct
from deploybook.contract.nearest import nearest
from deploybook.contract.shown_commands import commands_in
from deploybook.errors import InvalidValue
from deploybook.state.vault import Vault

CREDENTIALS = {credential.name: "x" for credential in CONTRACT.credentials if not credential.optional} | {
    "CLOUDFLARE_ACCOUNT_ID": "0" * 32
}


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guide:
    """A checkout with one environment, the pages, and every credential that is required; the shell stands in it."""
    checkout(tmp_path)
    guide = Guide(tmp_path)
    Vault(guide.root / ".deploybook", "staging").put({"TURSO_DATABASE_URL": SecretStr("libsql://x.turso.io")})
    (guide.root / "docs").symlink_to(guide.root.joinpath("runbooks", "contract.toml").resolve().parents[1] / "docs")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(guide.root))
    monkeypatch.chdir(guide.root)
    return guide


# It would go on until somebody ends it.
PARSED_ONLY = "sandbox --only vercel"
READ = re.compile(r"read -rs (?P<name>\w+) && export (?P=name)")


@dataclass
class Shell:
    """The operator's shell: a pasted line is read by bash, and its command executed here; what it exports stays."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def paste(self, line: str, typed: str = "") -> tuple[int, str, list[str]]:
        """The exit code, both outputs, and the words that bash made of the last command; what is ``typed`` follows the line."""
        say = "deploybook() { printf '%s\\0' \"$@\"; }"
        if match := READ.match(line):
            self.monkeypatch.setenv(match["name"], typed.strip())
        completed = subprocess.run(
            ["bash", "-c", f"{say}; {line}"], input=typed, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert completed.returncode == 0, completed.stderr
        words = completed.stdout.split("\0")[:-1]
        return (*self.call(words, "" if match else typed), words) if words else (0, "", [])

    def call(self, words: list[str], typed: str = "") -> tuple[int, str]:
        """``deploybook`` with these words; sections only pretend to run."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        try:
            main(words, Pretended())
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        output = self.capsys.readouterr()
        return code, output.out + output.err


def to_paste(answer: str) -> str:
    """The first line of the answer's hint that a shell takes."""
    hint = answer.partition("\nhint: ")[2].partition("\nsee: ")[0]
    if match := READ.search(hint):
        return match[0]
    output = next(commands_in(hint, CONTRACT), None)
    assert output is not None, f"nothing to paste in: {hint}"
    return hint[output.start : output.end]


@pytest.mark.parametrize(
    ("folder", "shown"), [(".", "'.'"), ("../..", "'../..'"), ("a b.", "'a b.'"), ("app", "app"), ("a.b", "a.b")]
)
def test_a_folder_at_the_end_is_told_from_the_period_of_its_sentence(folder: str, shown: str) -> None:
    error = InvalidValue("There is no option --ap.").suggesting("--ap", "--app")
    assert correct(["check", "--ap", folder], error) == f"deploybook check --app {shown}"


@pytest.mark.parametrize("wrong", TYPED_WRONG, ids=[f"{at} {wrong.line}" for at, wrong in enumerate(TYPED_WRONG)])
def test_a_line_typed_wrong_is_refused_with_the_one_that_works(
    staging: Guide, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: Wrong
) -> None:
    shell = Shell(monkeypatch, capsys)
    for name, value in wrong.environ.items():
        monkeypatch.setenv(name, value)
    for name, text in wrong.files.items():
        write(name, text)(staging.root)
    line = f"deploybook {wrong.line}"
    code, answer, _ = shell.paste(line)
    assert code == 2
    assert wrong.said in answer.partition("error: ")[2].partition("\nhint: ")[0]
    assert "see: docs/troubleshooting.md#" in answer
    assert staging.reports() == []
    if callable(wrong.fix):
        wrong.fix(staging.root)
    elif wrong.fix.startswith("read "):
        shell.paste(to_paste(answer), wrong.typed)
    else:
        line = to_paste(answer)
        assert shlex.split(line) == shlex.split(f"deploybook {wrong.fix}")
    if wrong.fix == PARSED_ONLY:
        return
    code, after, _ = shell.paste(line, wrong.typed)
    assert wrong.said not in after
    assert code == wrong.code, after


def test_a_new_environment_is_begun_with_a_word_about_the_one_that_may_have_been_meant(staging: Guide) -> None:
    result = staging.run("run", "webhook_secret", "--mode", "plan", "--environment", "stagin")
    assert result.code == 0
    said = "stagin is a new environment: nothing is known of it here. Did you mean staging? There are staging."
    assert result.output.startswith(said)
    assert (
        "new environment"
        not in staging.run("run", "webhook_secret", "--mode", "plan", "--environment", "staging").output
    )


def test_a_name_that_is_like_none_is_answered_with_no_guess() -> None:
    assert nearest("kubernetes", ["r2", "turso", "vercel"]) == ""


def test_the_root_help_cuts_no_summary() -> None:
    output = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert "..." not in output.partition("Commands:")[2]
    assert max(map(len, output.splitlines())) <= 80


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
    output = CliRunner().invoke(cli, ["completion", "zsh"]).output
    assert "#compdef deploybook" in output
