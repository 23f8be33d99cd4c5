from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from junitparser import JUnitXml
from tests.checks.mutate import Copy, copied

from deploybook.checks.catalog import explained
from deploybook.checks.reports.sarif import SCHEMA
from deploybook.commands.check import check_guide
from deploybook.errors import InvalidValue

SECTION = "docs/sections/r2.md"


@pytest.fixture(scope="module")
def false() -> Iterator[Copy]:
    """A copy of the guide with one mistake of the writer's, and one that a program can mend."""
    with copied() as copy:
        page = copy.root / SECTION
        page.write_text(
            page.read_text().replace("## Undo", "## Take it back").replace("**Needs** nothing", "**Needs** all")
        )
        yield copy


def check(root: Path, *options: str, env: dict[str, str] | None = None) -> Result:
    quiet = {"GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None}
    return CliRunner().invoke(check_guide, options, env={"DEPLOYBOOK_HOME": str(root), **quiet, **(env or {})})


def test_findings_in_every_form(false: Copy, tmp_path: Path) -> None:
    junit, sarif, summary = tmp_path / "new" / "check.xml", tmp_path / "check.sarif", tmp_path / "summary.md"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    result = check(false.root, "--junit", str(junit), "--sarif", str(sarif), env=env)
    assert result.exit_code == 6, result.output
    assert f"::error file={SECTION},line=1,title=section-parts::its parts are Steps, Or run it" in result.output
    assert "## deploybook check" in summary.read_text()
    assert "section-parts" in summary.read_text()
    cases = {case.name: len(case.result) for suite in JUnitXml.fromfile(str(junit)) for case in suite}
    assert set(cases) == set(explained())
    assert cases["section-parts"] >= 1
    assert cases["link-target"] == 0
    _holds_to_sarif(json.loads(sarif.read_text()))


def _holds_to_sarif(log: dict) -> None:  # type: ignore[type-arg]
    """What SARIF 2.1.0 requires (§3.13 the log, §3.14 the run, §3.19 the tool, §3.27 a result) and code scanning reads."""
    assert log["version"] == "2.1.0"
    assert log["$schema"] == SCHEMA
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in driver["rules"])
    assert run["results"]
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert not place["artifactLocation"]["uri"].startswith("/")
        assert place["region"]["startLine"] >= 1
        assert result["partialFingerprints"]


def test_on_a_terminal_a_finding_is_a_line_and_a_hint(false: Copy) -> None:
    result = check(false.root)
    assert f"{SECTION}:1: its parts are" in result.output
    assert "  hint: Give it the parts" in result.output
    assert "findings in" in result.output


def test_fix_writes_what_a_program_can_write_and_nothing_else(false: Copy) -> None:
    result = check(false.root, "--fix")
    assert f"written {SECTION}" in result.output
    assert "generated-current" not in result.output
    text = (false.root / SECTION).read_text()
    assert "**Needs** nothing" in text
    assert "## Take it back" in text


def test_every_rule_is_explained_and_an_unknown_one_is_refused(false: Copy) -> None:
    for rule, text in explained().items():
        assert text in check(false.root, "--explain", rule).output
    refusal = check(false.root, "--explain", "link-targets").exception
    assert str(refusal).startswith("There is no rule link-targets.")
    assert "link-target" in getattr(refusal, "hint", "")


def test_a_folder_that_is_not_there_is_refused(false: Copy) -> None:
    for option in ("--app", "--specs"):
        assert isinstance(check(false.root, option, "/nowhere").exception, InvalidValue)


def test_checks_of_their_own_are_not_asked_for_together(false: Copy) -> None:
    result = check(false.root, "--run", "--links")
    assert isinstance(result.exception, InvalidValue)
    assert str(result.exception) == "--run and --links cannot be combined."
