"""A required variable that only the operator has is one table in the contract: everything else is generated, asked for and set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checks.mutate import copied
from tests.runbooks.conftest import Guide

TABLE = """
[[variable]]
name = "SENTRY_DSN"
from_operator = true
made_at = "Sentry → Project Settings → Client Keys (DSN)"
consumers = ["vercel", "render"]
secret = true
pattern = "https://[0-9a-f]+@[A-Za-z0-9.-]+/[0-9]+"
example = "https://00000000000000000000000000000000@o0.ingest.sentry.io/0"
description = "Where errors of the web app and the worker are reported."
"""
ANCHOR = "# --- The operator's own credentials"
DSN = "https://" + "5" * 32 + "@o1.ingest.sentry.io/7"


@pytest.fixture(scope="module")
def extended() -> Iterator[Guide]:
    """A copy of the checkout in which one file was edited by hand, and then ``deploybook check --fix`` was run."""
    with copied() as copy:
        contract = copy.root / "runbooks" / "contract.toml"
        contract.write_text(contract.read_text().replace(ANCHOR, f"{TABLE}\n{ANCHOR}"))
        guide = Guide(copy.root)
        result = guide.run("check", "--fix")
        assert result.code == 0, result.output[-2000:]
        yield guide


def page(guide: Guide, name: str) -> str:
    return (guide.root / "docs" / name).read_text()


def test_every_check_holds_without_another_edit(extended: Guide) -> None:
    assert "no findings" in extended.run("check").output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEPLOY_PROD_CHECKLIST.md", "| [`SENTRY_DSN`](reference/variables.md#sentry_dsn) | [you](#own-values) |"),
        ("DEPLOY_PROD_CHECKLIST.md", "`deploybook env set SENTRY_DSN --environment <ENVIRONMENT>`"),
        ("DEPLOY_PROD_CHECKLIST.md", "Sentry → Project Settings → Client Keys (DSN)"),
        ("reference/variables.md", "### SENTRY_DSN"),
        ("sections/vercel.md", "**Your own values:** [`SENTRY_DSN`]"),
        ("sections/render.md", "**Your own values:** [`SENTRY_DSN`]"),
        ("sections/vercel.md", "INTERNAL_WEBHOOK_SECRET SENTRY_DSN; do"),
        ("architecture.md", "SENTRY_DSN"),
    ],
)
def test_the_guide_tells_of_it(extended: Guide, name: str, text: str) -> None:
    assert text in page(extended, name)


def test_a_dry_run_takes_the_example(extended: Guide) -> None:
    result = extended.run("run", "vercel", "render")
    assert result.code == 0, result.output
    assert not (extended.root / ".deploybook" / "production.env").exists()


@pytest.mark.parametrize("mode", ["apply", "verify"])
def test_a_live_run_without_it_names_it_before_anything_else(extended: Guide, mode: str) -> None:
    result = extended.run("run", "vercel", "--mode", mode, "-p", "git_repository", "example/studio")
    assert result.code == 2
    assert "SENTRY_DSN is not in the vault of production, and only you can give it." in result.output
    assert "deploybook env set SENTRY_DSN" in result.output


def test_once_set_it_is_exported_to_both_consumers(extended: Guide, tmp_path: Path) -> None:
    assert extended.run("env", "set", "SENTRY_DSN", "--environment", "other", typed=f"{DSN}\n").code == 0
    rows = extended.run("env", "list", "--environment", "other").output.splitlines()
    assert next(row for row in rows if row.lstrip().startswith("SENTRY_DSN")).split()[-2:] == ["yes", "yes"]
