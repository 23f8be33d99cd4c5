"""`deploybook check --app DIR`: the application's code holds to the contract, its parts agree, and nothing of it breaks in production."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from deploybook.checks.app import rules
from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.ignoring import left, unused
from deploybook.checks.app.parts import read_application
from deploybook.checks.finding import Finding, Rule, Severity
from deploybook.contract.model import Contract
from deploybook.runbook.app_settings import Ignored

__all__ = ["RULES", "find"]


def find(app: Path, contract: Contract, ignored: Sequence[Ignored] = ()) -> list[Finding]:
    """What is not true of the application at a path, the worst first. Runs nothing of it.

    ``ignored`` are the operator's lines of the settings file; one that stands for nothing is a finding too.
    """
    compared = Compared(read_application(app), contract, ignored)
    findings = left({finding for rule in RULES for finding in rule.find(compared)}, ignored)
    return sorted(findings, key=lambda finding: (list(Severity).index(finding.severity), finding))


def _idle(compared: Compared) -> Iterator[Finding]:
    """Lines of the list that accept nothing."""
    if not compared.ignored:
        return
    everything = replace(compared, ignored=())
    findings = [finding for rule in rules.RULES for finding in rule.find(everything)]
    for line in unused(findings, compared.ignored):
        message = f"app.ignore accepts {line.rule} ({line.reason}), and nothing that it stands for is found any more."
        place = "runbooks/parameters"
        yield Finding(place, 1, "app-ignore-idle", message, "Take the line out.", Severity.NOTE)


RULES: tuple[Rule[Compared], ...] = (
    *rules.RULES,
    Rule(
        "app-ignore-idle",
        "Each line of app.ignore in the settings file stands for a finding. One that stands for nothing would hide the next of its kind.",
        _idle,
    ),
)
