"""The texts that workflows post: what a pull request changes, and what the nightly found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploybook.checks.finding import Finding
from deploybook.checks.reports import changes, nightly, sarif
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook.events import MIME, Event
from deploybook.runner.report import CellResult, RunReport, SectionResult

PAGE = "# Troubleshooting\n\n## CORS {#cors}\n\n**You see** it.\n\n## Gone soon {#idle}\n\n**You see** that.\n"
LATER = "# Troubleshooting\n\n## CORS {#cors}\n\n**You see** more.\n\n## New {#new-one}\n\n**You see** this.\n"
WORKED, BROKE = Event("check", "passed", "it holds"), Event("check", "failed", "it holds", "no", "cors")


def git(root: Path, *arguments: str) -> None:
    person = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"]
    subprocess.run(["git", *person, *arguments], cwd=root, check=True, capture_output=True)


def ran(runs: Path, **sections: tuple[str, float, Event]) -> None:
    """Leave a dry run's report in a folder of runs."""
    results = []
    for slug, (status, seconds, line) in sections.items():
        result = SectionResult(slug, slug, status, seconds, f"{slug}.ipynb")
        result.cells = [CellResult("verify", seconds, [line.bundle()[MIME]])]
        if status == "failed":
            result.error = {
                "type": "X",
                "message": "No | bucket.",
                "hint": "",
                "entry": "",
                "exit_code": 4,
                "cell": "v",
            }
        results.append(result)
    (runs / "20260102T030405Z-dry-run").mkdir(parents=True)
    RunReport("dry-run", "production", "2026-01-02T03:04:05+00:00", 5.0, "", results).write(
        runs / "20260102T030405Z-dry-run"
    )


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A checkout with one commit, and changes after it."""
    root = tmp_path / "checkout"
    (root / "docs").mkdir(parents=True)
    (root / "docs/troubleshooting.md").write_text(PAGE)
    git(root, "init", "--quiet")
    git(root, "add", "docs")
    git(root, "commit", "--quiet", "--message", "the base")
    (root / "docs/troubleshooting.md").write_text(LATER)
    return Layout(root)


def test_results_that_differ_stand_beside_the_earlier_ones(layout: Layout, tmp_path: Path) -> None:
    ran(tmp_path / "before", r2=("passed", 2.0, WORKED), modal=("passed", 3.0, WORKED), gone=("passed", 1.0, WORKED))
    ran(layout.runs, r2=("failed", 4.0, BROKE), modal=("passed", 3.0, WORKED), turso=("passed", 1.5, WORKED))
    text = changes.text(layout, "HEAD", tmp_path / "before")
    assert "| `r2` | passed → **failed** | 1 of 1 → **0 of 1** | 2.0 → **4.0** |" in text
    assert "| `modal` | passed | 1 of 1 | 3.0 |" in text
    assert "| `turso` | passed | 1 of 1 | 1.5 |" in text
    assert "| `gone` | passed → **–** |" in text
    assert "**r2** failed: <code>No &#124; bucket.</code>" in text
    assert "no earlier run" not in text


def test_entries_and_files_that_differ_are_named(layout: Layout) -> None:
    text = changes.text(layout, "HEAD", None)
    assert "- New: `new-one`\n- Changed: `cors`\n- Gone: `idle`\n" in text
    assert "docs/troubleshooting.md | 6 +++---" in text
    assert "Nothing was run." in text


def test_nothing_that_differs_is_said_too(layout: Layout) -> None:
    git(layout.root, "checkout", "--", "docs")
    ran(layout.runs, r2=("passed", 2.0, WORKED))
    text = changes.text(layout, "HEAD", layout.root / "nowhere")
    assert "There is no earlier run of the base branch to compare with." in text
    assert "None of 2." in text
    assert "None of `docs/` and `runbooks/`." in text


def test_an_entry_that_only_moved_down_the_page_has_not_changed(layout: Layout) -> None:
    git(layout.root, "checkout", "--", "docs")
    page = layout.root / "docs" / "troubleshooting.md"
    page.write_text(f"Read this first.\n\n{page.read_text(encoding='utf-8')}", encoding="utf-8")
    assert "None of 2." in changes.text(layout, "HEAD", None)


def test_a_base_that_is_not_there_is_refused(layout: Layout) -> None:
    with pytest.raises(InvalidValue, match="git show 0123456"):
        changes.text(layout, "0123456", None)


RESULTS = {"prove": "success", "links": "failure"}


def test_the_nightly_tells_the_jobs_and_every_finding(tmp_path: Path) -> None:
    finding = Finding("docs/index.md", 3, "link-outside", "https://a.invalid/a_b answers 404", "Take | it out.")
    sarif.write([finding], {"link-outside": "Every link leads somewhere."}, tmp_path / "links.sarif")
    sarif.write([], {"link-outside": "Every link leads somewhere."}, tmp_path / "specs.sarif")
    text = nightly.text(RESULTS, tmp_path, "https://host/run/1")
    assert "[The nightly run](https://host/run/1)" in text
    assert "| `links` | failure |" in text
    assert "## links" in text
    assert "| `docs/index.md:3` | `link-outside` | https://a.invalid/a\\_b answers 404. Take &#124; it out. |" in text
    assert "## specs" not in text
    assert "Nothing was found." not in text


def test_a_page_with_a_blank_in_its_name_has_a_uri_that_code_scanning_takes(tmp_path: Path) -> None:
    finding = Finding("docs/my page 100%.md", 3, "link-outside", "https://a.invalid answers 404", "")
    sarif.write([finding], {"link-outside": "Every link."}, tmp_path / "links.sarif")
    [result] = json.loads((tmp_path / "links.sarif").read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "docs/my%20page%20100%25.md"
    assert "`docs/my page 100%.md:3`" in nightly.text(RESULTS, tmp_path, "")


def test_a_long_list_stays_below_what_an_issue_holds(tmp_path: Path) -> None:
    many = [Finding("docs/index.md", line, "link-outside", "x" * 900, "") for line in range(1, 300)]
    sarif.write(many, {"link-outside": "Every link."}, tmp_path / "links.sarif")
    text = nightly.text(RESULTS, tmp_path, "")
    assert len(text) < 65_536
    assert "And 199 more: they are in the run's artifact `found-links`." in text


def test_a_night_without_findings_says_so(tmp_path: Path) -> None:
    assert "Nothing was found." in nightly.text({"prove": "success"}, tmp_path / "nowhere", "")


def test_what_a_workflow_gives_is_read_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESULTS", json.dumps({"links": {"result": "failure", "outputs": {}}}))
    nightly.main(["--found", str(tmp_path), "--out", str(tmp_path / "new" / "nightly.md")])
    assert "| `links` | failure |" in (tmp_path / "new" / "nightly.md").read_text()
    monkeypatch.setenv("RESULTS", "[]")
    with pytest.raises(SystemExit) as ended:
        nightly.main(["--found", str(tmp_path), "--out", str(tmp_path / "never.md")])
    assert ended.value.code == InvalidValue.exit_code
    assert "error: RESULTS is no needs context." in capsys.readouterr().err
    assert not (tmp_path / "never.md").exists()
    (tmp_path / "links.sarif").write_text("{")
    with pytest.raises(InvalidValue, match=r"links\.sarif is no SARIF log"):
        nightly.text({}, tmp_path, "")
