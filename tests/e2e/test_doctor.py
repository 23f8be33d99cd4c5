"""``deploybook doctor`` on a whole stack: one line when it is healthy, the cause when it is not, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

import pytest
from tests.e2e.benches import Bench

from deploybook.layout import Layout
from deploybook.state.vault import Vault

pytestmark = pytest.mark.xdist_group("entries")


@pytest.fixture
def secretless(bench: Bench) -> Iterator[Bench]:
    """The bench, with a secret of the repository's deleted."""
    bench.make("ci-secrets")
    yield bench
    bench.mend(bench.entries["ci-secrets"])


@pytest.fixture(scope="module")
def new_shell(bench: Bench) -> tuple[int, list[str]]:
    """What it says in a shell in which neither the repository's token nor Vercel's team was exported."""
    return doctor(bench, without=("GITHUB_TOKEN", "VERCEL_TEAM_ID"))


def doctor(bench: Bench, *arguments: str, without: Collection[str] = ()) -> tuple[int, list[str]]:
    """The exit code, and the lines that it printed besides how far it is."""
    environ = {name: value for name, value in bench.sandbox.exports.items() if name not in without}
    result = bench.guide.run(
        "doctor", "-p", "git_repository", bench.parameters["git_repository"], *arguments, env=environ
    )
    return result.code, [line for line in result.output.splitlines() if not line.startswith("examined ")]


def secrets(bench: Bench) -> list[str]:
    """The value of each secret that the operator's shell or the vault holds."""
    names = {variable.name for variable in bench.contract.variables if variable.secret}
    names |= {credential.name for credential in bench.contract.credentials if credential.secret}
    vault = Vault(Layout(bench.guide.root).state, "production")
    secrets = {name: value.get_secret_value() for name, value in vault.all().items()} | bench.sandbox.exports
    canaries = [secrets[name] for name in names if name in secrets]
    assert len(canaries) > 5
    return canaries


def test_a_healthy_stack_is_one_line(bench: Bench) -> None:
    code, lines = doctor(bench)
    assert code == 0, lines
    assert len(lines) == 1, lines
    assert lines[0].startswith("Nothing is wrong: ")
    assert "not examined" not in lines[0]


def test_a_section_whose_credential_is_not_exported_is_left_out_by_name(new_shell: tuple[int, list[str]]) -> None:
    _, lines = new_shell
    assert "not examined: ci_cd (GITHUB_TOKEN is not set)" in lines[0], lines


def test_a_shell_without_the_team_finds_nothing_wrong_in_the_environments_team(
    new_shell: tuple[int, list[str]],
) -> None:
    code, lines = new_shell
    assert code == 0, lines
    assert lines[0].startswith("Nothing is wrong: "), lines


def test_a_broken_stack_is_reported_by_cause_evidence_fix_and_link(secretless: Bench) -> None:
    code, lines = doctor(secretless)
    entry = secretless.entries["ci-secrets"]
    assert code == 4
    assert [line for line in lines if line.startswith("✗")] == [f"✗ {entry.title} — ci_cd"]
    assert any("VERCEL_PROJECT_ID" in line for line in lines)
    fix = entry.commands[0].replace("<GIT_REPOSITORY>", secretless.parameters["git_repository"])
    assert f"    {fix}" in lines
    assert "<GIT_REPOSITORY>" not in "\n".join(lines)
    assert "  see docs/troubleshooting.md#ci-secrets" in lines
    assert [secret for secret in secrets(secretless) if secret in "\n".join(lines)] == []


def test_json_of_a_broken_stack_names_the_entry_and_no_secret(secretless: Bench) -> None:
    code, lines = doctor(secretless, "--json")
    data = json.loads("\n".join(lines))
    assert code == 4
    assert [cause["entry"] for cause in data["causes"]] == ["ci-secrets"]
    assert data["held"] > 50
    assert [secret for secret in secrets(secretless) if secret in "\n".join(lines)] == []
