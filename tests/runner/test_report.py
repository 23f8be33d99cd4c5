"""The report can be written whatever a program has said."""

from __future__ import annotations

from pathlib import Path

from junitparser import JUnitXml

from deploybook.errors import NotTested
from deploybook.runner.report import CellResult, RunReport, SectionResult


def test_colours_and_control_characters_do_not_break_the_junit_file(tmp_path: Path) -> None:
    text = "\x1b[4mnot deployed\x1b[0m \x00\ufffe, ä ✗"
    line = {"step": "check", "outcome": "failed", "subject": "it is there", "detail": text, "entry": ""}
    error = {"type": "X", "message": text, "hint": "h", "entry": "", "exit_code": 3, "cell": "app"}
    section = SectionResult("modal", "Modal", "failed", 1.0, cells=[CellResult("app", 1.0, [line])], error=error)
    RunReport("apply", "production", "2026-01-01T00:00:00Z", 1.0, "", [section]).write(tmp_path)
    read = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    texts = [result.message for suite in read for case in suite for result in case.result]
    assert texts == ["[4mnot deployed[0m , ä ✗", "[4mnot deployed[0m , ä ✗ h"]


def line(outcome: str) -> dict[str, str]:
    return {"step": "check", "outcome": outcome, "subject": f"a claim {outcome}", "detail": "", "entry": ""}


def section(*outcomes: str, slug: str = "vercel") -> SectionResult:
    """A section with these claims; its notebook ended without an error."""
    result = SectionResult(slug, slug, cells=[CellResult("verify", 1.0, [line(outcome) for outcome in outcomes])])
    result.succeed()
    return result


def report(*sections: SectionResult) -> RunReport:
    return RunReport("apply", "production", "2026-01-01T00:00:00Z", 1.0, "", list(sections))


def test_a_section_of_which_a_claim_was_not_tested_is_incomplete_and_has_its_own_exit_code() -> None:
    incomplete = section("passed", "not tested")
    assert incomplete.status == "incomplete"
    assert report(section("passed"), incomplete).exit_code == NotTested.exit_code


def test_what_comes_later_or_was_left_out_is_counted_apart_and_leaves_nothing_incomplete() -> None:
    passed = section("passed", "later", "left out")
    assert passed.status == "passed"
    assert passed.counts() == {"passed": 1, "later": 1, "left out": 1}
    assert report(passed).exit_code == 0


def test_an_error_has_the_last_word_over_what_was_not_tested() -> None:
    failed = SectionResult("render", "Render", "failed", error={"exit_code": 4, "cell": "verify"})
    assert report(section("not tested"), failed).exit_code == 4


def test_sections_that_need_an_incomplete_one_may_start() -> None:
    assert section("not tested").lets_others_start
    assert not SectionResult("render", "Render", "failed").lets_others_start


def test_what_was_not_tested_is_skipped_in_the_junit_file(tmp_path: Path) -> None:
    report(section("passed", "not tested", "left out", "later")).write(tmp_path)
    read = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert [bool(case.is_skipped) for suite in read for case in suite] == [False, True, True, True]
