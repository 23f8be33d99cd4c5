"""A value that somebody edited in the vault: refused before the first request, whichever way a section is run."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.commands.test_env import CONTRACT, fill
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Finished, Guide

from deploybook.errors import InvalidValue
from deploybook.runbook import Runbook
from deploybook.runbook.ipython import CONFIRM_VARIABLE

EDITED = {"INTERNAL_WEBHOOK_SECRET": "hunter2", "MODAL_ENDPOINT_URL": "http://plain.example.com/oops"}
GIT = ("-p", "git_repository", "example/studio")


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    running = start_sandbox("r2", "cloudflare", "modal", "vercel", "render")
    running.reset()
    running.control.delete("/journal")
    return running


@pytest.fixture
def edited(guide: Guide) -> Guide:
    """A checkout whose vault somebody edited by hand."""
    fill(guide)
    path = guide.root / ".deploybook" / "production.env"
    lines = [line for line in path.read_text().splitlines() if line.partition("=")[0] not in EDITED]
    path.write_text("\n".join([*lines, *(f"{name}='{value}'" for name, value in EDITED.items())]) + "\n")
    return guide


def refused(result: Finished, sandbox: RunningSandbox) -> str:
    assert result.code == 2, result.output
    assert sandbox.journal() == []
    assert [value for value in EDITED.values() if value in result.output] == []
    return result.output


@pytest.mark.parametrize("mode", ["plan", "apply", "verify"])
@pytest.mark.parametrize("section", ["vercel", "render"])
def test_a_section_that_needs_it_does_not_start(
    edited: Guide, sandbox: RunningSandbox, section: str, mode: str
) -> None:
    yes = ["--yes"] if mode == "apply" else []
    result = edited.run("run", section, "--mode", mode, *yes, *GIT, env=sandbox.exports)
    output = refused(result, sandbox)
    assert "MODAL_ENDPOINT_URL in the vault of production has the wrong form" in output
    assert "INTERNAL_WEBHOOK_SECRET in the vault of production has the wrong form" in output
    assert "deploybook env set MODAL_ENDPOINT_URL" in output


def test_it_is_compared_nowhere(edited: Guide, sandbox: RunningSandbox) -> None:
    assert "INTERNAL_WEBHOOK_SECRET" in refused(edited.run("env", "status", env=sandbox.exports), sandbox)


@pytest.mark.parametrize("consumer", ["vercel", "render"])
def test_it_is_not_exported(edited: Guide, sandbox: RunningSandbox, consumer: str) -> None:
    assert "INTERNAL_WEBHOOK_SECRET" in refused(edited.run("env", "export", "--for", consumer), sandbox)
    assert list((edited.root / ".deploybook").glob(f"*.{consumer}.env")) == []


def test_an_optional_value_is_refused_too(guide: Guide, sandbox: RunningSandbox) -> None:
    fill(guide)
    with (guide.root / ".deploybook" / "production.env").open("a") as vault:
        vault.write("WORKER_POLL_INTERVAL_MS='soon'\n")
    result = guide.run("run", "render", "--mode", "apply", "--yes", *GIT, env=sandbox.exports)
    assert result.code == 2
    assert "deploybook env set WORKER_POLL_INTERVAL_MS" in result.output
    assert sandbox.journal() == []


@pytest.mark.parametrize("mode", ["plan", "apply", "verify"])
def test_a_notebook_that_is_opened_by_itself_is_refused(
    edited: Guide, sandbox: RunningSandbox, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(edited.root))
    monkeypatch.setenv(CONFIRM_VARIABLE, "production")
    for name, value in sandbox.exports.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidValue, match="INTERNAL_WEBHOOK_SECRET"):
        Runbook.open("vercel", mode, "production")
    assert sandbox.journal() == []


@pytest.mark.parametrize("name", ["INTERNAL_WEBHOOK_SECRET", "MODAL_AUTH_TOKEN", "R2_SECRET_ACCESS_KEY"])
def test_the_section_that_makes_a_secret_does_not_replace_an_edited_one_unless_asked(
    guide: Guide, sandbox: RunningSandbox, name: str
) -> None:
    section = CONTRACT.variable(name).section or ""
    apply = ["run", section, "--mode", "apply", "--yes"]
    assert guide.run("run", *CONTRACT.all_predecessors(section), *apply[1:], env=sandbox.exports).code == 0
    vault = guide.root / ".deploybook" / "production.env"
    before = vault.read_text()
    edited = re.sub(f"(?m)^{name}=.*$", f"{name}='hunter2'", before)
    assert edited != before
    vault.write_text(edited)

    result = guide.run(*apply, env=sandbox.exports)
    assert result.code not in {0, 1}, result.output
    assert name in result.output
    assert "hunter2" not in result.output
    assert "-p rotate true" in result.output
    assert vault.read_text() == edited

    rotated = guide.run(*apply, "-p", "rotate", "true", env=sandbox.exports)
    assert rotated.code == 0, rotated.output
    assert "hunter2" not in vault.read_text()


def test_the_list_tells_which_values_have_not_their_form(edited: Guide) -> None:
    rows = {line.split()[0]: line for line in edited.run("env", "list").output.splitlines() if line.strip()}
    assert {name for name, row in rows.items() if "has the wrong form" in row} == set(EDITED)
