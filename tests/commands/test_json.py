"""What a program reads: JSON on standard output, and all that is for a person on standard error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.runbooks.conftest import Guide
from tests.runbooks.in_process import InProcess

from deploybook.cli import main


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    """The exit code, the JSON on standard output, and standard error."""
    code = 0
    try:
        main(arguments, InProcess())
    except SystemExit as end:
        code = int(end.code or 0)
    output, aside = capsys.readouterr()
    return code, json.loads(output), aside


@pytest.fixture(autouse=True)
def checkout(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(guide.root))


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    _, data, _ = printed(capsys, "list", "--json")
    sections = data["sections"]
    assert isinstance(sections, list)
    assert [section["slug"] for section in sections][:2] == ["r2", "turso"]
    assert sections[0]["produces"][0] == "R2_ACCOUNT_ID"
    assert sections[0]["credentials"] == ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"]


def test_a_plan_has_its_report_and_what_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, aside = printed(capsys, "run", "webhook_secret", "--mode", "plan", "--json")
    run = data["run"]
    assert code == 0
    assert data["exit_code"] == 0
    assert run["status"] == "ended"
    assert run["mode"] == "plan"
    [change] = run["changes"]
    assert change["outcome"] == "would create"
    assert change["subject"] == "secret INTERNAL_WEBHOOK_SECRET"
    assert "1 of 1 sections passed" in aside


def test_a_failed_section_has_its_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN", "hunter2")
    code, data, _ = printed(capsys, "run", "webhook_secret", "--mode", "plan", "--json", "-p", "import_from", "BROKEN")
    run = data["run"]
    assert code == data["exit_code"] != 0
    assert run["sections"][0]["status"] == "failed"
    assert run["sections"][0]["error"]["exit_code"] == code
