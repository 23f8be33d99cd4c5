"""The line under a section that says what its latest dry run proved."""

from __future__ import annotations

from deploybook.site.evidence import Evidence, is_current
from deploybook.site.guide import Guide
from deploybook.site.markdown import plain

SIGNS = {"passed": "✓", "failed": "✗", "not-run": "–"}


def verified_line(guide: Guide, slug: str) -> str:
    """Mode, when, checks passed, duration; or that it was not run yet."""
    evidence = guide.evidence.get(slug)
    if evidence is None:
        return _box("not-run", "**Not yet run.** `make guide` runs it in the sandbox.")
    return _box(evidence.status, _sentence(evidence) + _reservation(guide, evidence))


def short_status(guide: Guide, slug: str) -> str:
    """The same for a cell of a table."""
    evidence = guide.evidence.get(slug)
    if evidence is None:
        return "– not yet run"
    return (
        f"{SIGNS[evidence.status]} {evidence.status}, {evidence.passed} of {evidence.tested} checks, {_when(evidence)}"
    )


def _box(status: str, text: str) -> str:
    sign = f'<span class="db-sign" aria-hidden="true">{SIGNS[status]}</span>'
    return f'<div class="db-verified db-{status}" markdown="span">{sign} {text}</div>\n'


def _sentence(evidence: Evidence) -> str:
    when = f"by a {evidence.mode} on {_when(evidence)}"
    if evidence.status == "not-run":
        return f"**Not run** {when}: a section that it needs did not pass."
    counted = f"{evidence.passed} of {evidence.tested} checks passed in {evidence.seconds:.1f} s"
    commit = f", at commit `{evidence.short_commit}`" if evidence.commit else ""
    if evidence.status == "passed":
        return f"**Verified** {when}: {counted}{commit}."
    return f"**Failed** {when}: {counted}{commit}. {plain(evidence.error)}"


def _reservation(guide: Guide, evidence: Evidence) -> str:
    """A proof of another text than this one is told as such."""
    source = guide.layout.notebook(evidence.slug)
    executed = guide.executed(evidence.slug)
    if executed is None or not source.is_file() or is_current(executed, source):
        return ""
    return " **The runbook has been changed since.**"


def _when(evidence: Evidence) -> str:
    started = evidence.started
    return f'<time datetime="{started.isoformat()}">{started.day} {started:%B %Y, %H:%M} UTC</time>'
