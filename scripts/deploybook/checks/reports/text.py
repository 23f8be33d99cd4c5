"""Findings as lines: for a terminal, and as GitHub's workflow commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from deploybook.checks.finding import Finding, Severity

# GitHub's name for each severity.
COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# So many further places are listed on one line.
LISTED = 8


def text(findings: Sequence[Finding]) -> str:
    """``path:line: message``, with its other places, its hint and its rule beneath."""
    return "\n".join(_text(finding) for finding in findings)


def _text(finding: Finding) -> str:
    severity = "" if finding.severity is Severity.ERROR else f"{finding.severity}: "
    lines = [f"{finding.path}:{finding.line}: {severity}{finding.message}"]
    if finding.others:
        listed = ", ".join(f"{path}:{line}" for path, line in finding.others[:LISTED])
        rest = len(finding.others) - LISTED
        lines.append(f"  also: {listed}{f' and {rest} more' if rest > 0 else ''}")
    return "\n".join([*lines, f"  hint: {finding.hint}  [{finding.rule}]"])


def github(findings: Sequence[Finding]) -> str:
    """One ``::error``, ``::warning`` or ``::notice`` command for each, which GitHub shows beside the line of a pull request.

    Wire format: GitHub Docs, *Workflow commands for GitHub Actions*, "Setting an error message".
    """
    return "\n".join(
        f"::{COMMANDS[finding.severity]} file={_property(finding.path)},line={finding.line},title={_property(finding.rule)}"
        f"::{_data(f'{finding.message} {finding.hint}')}"
        for finding in findings
    )


def counted(findings: Sequence[Finding], seconds: float) -> str:
    """The last line."""
    total = "1 finding" if len(findings) == 1 else f"{len(findings) or 'no'} findings"
    counts = Counter(finding.severity for finding in findings)
    parts = ", ".join(
        f"{counts[severity]} {severity}{'s' * (counts[severity] > 1)}" for severity in Severity if counts[severity]
    )
    return f"{total}{f' ({parts})' if set(counts) - {Severity.ERROR} else ''} in {seconds:.1f} s"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
