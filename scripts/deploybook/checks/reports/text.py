"""Findings as lines: for a terminal, and as GitHub's workflow commands."""

from __future__ import annotations

from collections.abc import Sequence

from deploybook.checks.finding import Finding


def text(findings: Sequence[Finding]) -> str:
    """``path:line: message``, its hint and its rule beneath."""
    lines = [f"{finding}\n  hint: {finding.hint}  [{finding.rule}]" for finding in findings]
    return "\n".join(lines)


def github(findings: Sequence[Finding]) -> str:
    """One ``::error`` command for each, which GitHub shows beside the line of a pull request.

    Wire format: GitHub Docs, *Workflow commands for GitHub Actions*, "Setting an error message".
    """
    return "\n".join(
        f"::error file={_property(finding.path)},line={finding.line},title={_property(finding.rule)}"
        f"::{_data(f'{finding.message} {finding.hint}')}"
        for finding in findings
    )


def counted(findings: Sequence[Finding], seconds: float) -> str:
    """The last line."""
    what = "1 finding" if len(findings) == 1 else f"{len(findings) or 'no'} findings"
    return f"{what} in {seconds:.1f} s"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
