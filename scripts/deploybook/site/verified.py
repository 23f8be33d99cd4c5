"""The line under a section that says what its latest dry run proved."""

from __future__ import annotations

import datetime

from deploybook.guide.evidence import Evidence, is_current
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import plain

SIGNS = {"passed": "✓", "incomplete": "○", "failed": "✗", "not-run": "–"}


def verified_line(guide: Guide, slug: str) -> str:
    """Mode, when, checks passed, duration; or that it was not run yet."""
    evidence = guide.evidence.get(slug)
    if evidence is None:
        return _box("not-run", "**Not yet run.** `make guide` runs it in the sandbox.")
    return _box(evidence.status, _sentence(evidence) + _reservation(guide, slug))


def short_status(guide: Guide, slug: str) -> str:
    """The same for a cell of a table."""
    evidence = guide.evidence.get(slug)
    if evidence is None:
        return "– not yet run"
    checks = f"{evidence.passed} of {evidence.tested} checks{_apart(evidence)}"
    return f"{SIGNS[evidence.status]} {evidence.status}, {checks}, {when(evidence.started)}"


def signed(outcome: str) -> str:
    """The sign and the word, which stay on one line."""
    return f"{SIGNS[outcome]}&nbsp;{outcome}"


def _reservation(guide: Guide, slug: str) -> str:
    """A proof of another text is marked as such."""
    return " **The runbook has been changed since.**" if changed_since(guide, slug) else ""


def _box(status: str, text: str) -> str:
    sign = f'<span class="db-sign" aria-hidden="true">{SIGNS[status]}</span>'
    return f'<div class="db-verified db-{status}" markdown="span">{sign} {text}</div>\n'


def _sentence(evidence: Evidence) -> str:
    how = f"by a {evidence.mode} on {when(evidence.started)}"
    if evidence.status == "not-run":
        return f"**Not run** {how}: a section that it needs did not pass."
    counted = f"{evidence.passed} of {evidence.tested} checks passed in {evidence.seconds:.1f} s{_apart(evidence)}"
    commit = f", at commit `{evidence.short_commit}`" if evidence.commit else ""
    if evidence.status == "passed":
        return f"**Verified** {how}: {counted}{commit}."
    if evidence.status == "incomplete":
        return f"**Incomplete** {how}: {counted}{commit}. What was not tested is known neither to hold nor to fail."
    return f"**Failed** {how}: {counted}{commit}. {plain(evidence.error)}"


def _apart(evidence: Evidence) -> str:
    """The claims that were not tested, which count neither as passed nor as failed."""
    return "".join(f", {count} {outcome}" for outcome, count in evidence.untested.items())


def changed_since(guide: Guide, slug: str) -> bool:
    """Whether the section's runbook is another now than when it was last run."""
    source = guide.layout.notebook(slug)
    executed = guide.executed(slug)
    return executed is not None and source.is_file() and not is_current(executed, source)


def when(started: datetime.datetime) -> str:
    """A time as a reader and as a program reads it."""
    return f'<time datetime="{started.isoformat()}">{started.day} {started:%B %Y, %H:%M} UTC</time>'
