"""Findings that the operator accepts, with a reason, in the settings file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deploybook.checks.finding import Finding
from deploybook.runbook.app_settings import Ignored


def left(findings: Iterable[Finding], ignored: Sequence[Ignored]) -> list[Finding]:
    """The findings without the places that the list accepts; one about several names is accepted where all of them are."""
    return [kept for finding in findings if (kept := _left_of(finding, ignored))]


def unused(findings: Iterable[Finding], ignored: Sequence[Ignored]) -> list[Ignored]:
    """The lines of the list that accept nothing: what they stood for is gone."""
    everything = list(findings)
    return [line for line in ignored if not any(_accepts_some(line, finding) for finding in everything)]


def _left_of(finding: Finding, ignored: Sequence[Ignored]) -> Finding | None:
    def accepted(path: str) -> bool:
        return all(any(line.accepts(finding.rule, name, path) for line in ignored) for name in _names(finding))

    places = [place for place in _places(finding) if not accepted(place[0])]
    if not places:
        return None
    (path, line), *others = places
    return replace(finding, path=path, line=line, others=tuple(others))


def _accepts_some(line: Ignored, finding: Finding) -> bool:
    return any(line.accepts(finding.rule, name, path) for name in _names(finding) for path, _ in _places(finding))


def _names(finding: Finding) -> tuple[str, ...]:
    return finding.subjects or ("",)


def _places(finding: Finding) -> list[tuple[str, int]]:
    return [(finding.path, finding.line), *finding.others]
