"""Findings as JUnit: one test case for each rule, which fails for each of its findings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from deploybook.checks.finding import Finding


def write(findings: Sequence[Finding], rules: Sequence[str], path: Path) -> None:
    """Write the file, and its folder if it is not there."""
    suite = TestSuite("deploybook check")
    for rule in rules:
        case = TestCase(rule, "deploybook.check")
        case.result = [
            Failure(f"{finding}\nhint: {finding.hint}", finding.rule) for finding in findings if finding.rule == rule
        ]
        suite.add_testcase(case)
    document = JUnitXml()
    document.add_testsuite(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.write(str(path), pretty=True)
