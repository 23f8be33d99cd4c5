"""Findings as the summary of a step in GitHub Actions (``GITHUB_STEP_SUMMARY``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deploybook.checks.finding import Finding
from deploybook.guide.markdown import code, plain, table


def write(findings: Sequence[Finding], last: str, path: Path) -> None:
    """Append a heading, the count, and a row for each finding: other steps write there too."""
    rows = [
        [code(f"{finding.path}:{finding.line}"), code(finding.rule), plain(finding.message), plain(finding.hint)]
        for finding in findings
    ]
    listing = table(("Where", "Rule", "What is wrong", "What to do"), rows) if rows else ""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"## deploybook check\n\n{last}\n\n{listing}\n")
