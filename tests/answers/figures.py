"""What came of the random answers, provider by provider: a line for each and fullness at the end of a test session."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

PROPERTY = "random answers"


@dataclass
class Figures:
    """Of one provider and one fullness: which operations answered, how often, and how the flows ended."""

    operations: set[str] = field(default_factory=set)
    answers: int = 0
    accepted: int = 0
    refused: int = 0
    crashed: int = 0
    endless: int = 0

    def add(self, other: Figures) -> None:
        """Count those of another test in."""
        self.operations |= other.operations
        for name in ("answers", "accepted", "refused", "crashed", "endless"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        ends = f"{self.accepted:,} accepted, {self.refused:,} refused by an error of ours"
        faults = f"{self.crashed} crashes, {self.endless} endless"
        return f"{len(self.operations)} operations, {self.answers:,} answers; of the flows {ends}, {faults}"


def property_of(provider: str, figures: dict[str, Figures]) -> tuple[str, object]:
    """A test's figures by fullness, in a form that a worker of xdist can hand to its session."""
    plain = {kind: asdict(each) | {"operations": sorted(each.operations)} for kind, each in figures.items()}
    return PROPERTY, [provider, plain]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines, if there were any such tests."""
    sums: dict[tuple[str, str], Figures] = defaultdict(Figures)
    for report in (each for reports in terminalreporter.stats.values() for each in reports):
        # Of the three reports of a test the last has what it left.
        if getattr(report, "when", "") != "teardown":
            continue
        for name, value in report.user_properties:
            if name == PROPERTY:
                _add(sums, *value)
    if sums:
        terminalreporter.section("random answers")
    for (provider, kind), figures in sorted(sums.items()):
        terminalreporter.write_line(f"{provider:10} {kind:6} {figures}")


def _add(sums: dict[tuple[str, str], Figures], provider: str, figures: dict[str, dict[str, Any]]) -> None:
    for kind, plain in figures.items():
        sums[provider, kind].add(Figures(**{**plain, "operations": set(plain["operations"])}))
