"""The report can be written whatever a program has said."""

from __future__ import annotations

from pathlib import Path

from junitparser import JUnitXml

from deploybook.runner.report import CellResult, RunReport, SectionResult


def test_colours_and_control_characters_do_not_break_the_junit_file(tmp_path: Path) -> None:
    said = "\x1b[4mnot deployed\x1b[0m \x00\ufffe, ä ✗"
    line = {"step": "check", "outcome": "failed", "subject": "it is there", "detail": said, "entry": ""}
    error = {"type": "X", "message": said, "hint": "h", "entry": "", "exit_code": 3, "cell": "app"}
    section = SectionResult("modal", "Modal", "failed", 1.0, cells=[CellResult("app", 1.0, [line])], error=error)
    RunReport("apply", "production", "2026-01-01T00:00:00Z", 1.0, "", [section]).write(tmp_path)
    read = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    texts = [result.message for suite in read for case in suite for result in case.result]
    assert texts == ["[4mnot deployed[0m , ä ✗", "[4mnot deployed[0m , ä ✗ h"]
