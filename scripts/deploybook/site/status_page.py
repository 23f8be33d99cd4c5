"""The status page: what was executed, when, at which commit and how long, now and before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, folded, plain, table
from deploybook.site.history import PastRun, past_runs
from deploybook.site.overview import section_link
from deploybook.site.plot import Bar, durations
from deploybook.site.verified import SIGNS, signed, when

# How many whole runs are plotted, and how many runs of each section are listed.
PLOTTED, LISTED = 60, 10
NOTHING = "_No dry run yet. `make guide` makes one._\n"


def latest(guide: Guide) -> str:
    """Each section's latest dry run."""
    rows = []
    for slug in guide.contract.order():
        evidence = guide.evidence.get(slug)
        if evidence is None:
            rows.append([section_link(guide, slug), "– not yet run", "", "", "", ""])
            continue
        outcome = signed(evidence.status)
        checks, took = f"{evidence.passed} of {evidence.tested}", f"{evidence.seconds:.1f} s"
        rows.append(
            [section_link(guide, slug), outcome, checks, took, when(evidence.started), code(evidence.short_commit)]
        )
    return table(("Section", "Latest dry run", "Checks passed", "Took", "When", "Commit"), rows)


def whole_runs(guide: Guide) -> str:
    """The durations of the dry runs of all sections, as a plot and as a table."""
    every = set(guide.contract.order())
    runs = [run for run in past_runs(guide.layout) if every <= {section.slug for section in run.sections}][-PLOTTED:]
    if not runs:
        return "_No dry run of all sections yet. `make guide` makes one._\n"
    sentence = _in_words(runs)
    plot = durations([_bar(run) for run in runs], "How long the dry runs of all sections took", sentence)
    frame = '<div class="db-plot-frame" tabindex="0" role="group" aria-label="Durations, as a plot">'
    rows = [[when(run.started), _outcome(run), f"{run.seconds:.1f} s", code(run.commit)] for run in reversed(runs)]
    listed = table(("When", "Outcome", "Took", "Commit"), rows)
    return f"{sentence}\n\n{frame}{plot}</div>\n\n{folded('The same as a table, newest first', listed)}"


def sections_history(guide: Guide) -> str:
    """For each section its latest dry runs, newest first."""
    runs = past_runs(guide.layout)
    if not runs:
        return NOTHING
    return "\n".join(_section(guide, slug, runs) for slug in guide.contract.order())


def _section(guide: Guide, slug: str, runs: Sequence[PastRun]) -> str:
    title = f"### {guide.contract.section(slug).title} {{#history-{slug}}}"
    had = [(run, section) for run in reversed(runs) if (section := run.section(slug))]
    if not had:
        return f"{title}\n\n– not yet run\n"
    latest = had[:LISTED]
    rows = [
        [
            when(run.started),
            signed(section.status),
            f"{section.passed} of {section.tested}",
            f"{section.seconds:.1f} s",
            code(run.commit),
        ]
        for run, section in latest
    ]
    listed = table(("When", "Outcome", "Checks passed", "Took", "Commit"), rows)
    median = statistics.median(section.seconds for _, section in had)
    signs = " ".join(SIGNS[section.status] for _, section in latest)
    counted = f"{sum(section.status == 'passed' for _, section in had)} of {_number(len(had), 'dry run')} passed"
    description = f"{counted}, median {median:.1f} s. Newest first: {signs}"
    return f"{title}\n\n{description}\n\n{folded(_number(len(latest), 'latest dry run', 'The '), listed)}"


def _in_words(runs: Sequence[PastRun]) -> str:
    seconds = [run.seconds for run in runs]
    failed = sum(any(section.status not in {"passed", "incomplete"} for section in run.sections) for run in runs)
    span = f"{min(seconds):.1f} s" if len(runs) == 1 else f"{min(seconds):.1f} to {max(seconds):.1f} s"
    median = f", median {statistics.median(seconds):.1f} s" if len(runs) > 1 else ""
    return f"{_number(len(runs), 'dry run')} of all sections, {span}{median}; {failed or 'none'} failed."


def _bar(run: PastRun) -> Bar:
    time = f"{run.started.day} {run.started:%B %Y, %H:%M} UTC"
    word = "passed" if run.passed else "failed"
    return Bar(run.seconds, run.passed, f"{time}: {run.seconds:.1f} s, {word}, at commit {run.commit}", _day(run))


def _day(run: PastRun) -> str:
    return f"{run.started.day} {run.started:%B %Y}"


def _outcome(run: PastRun) -> str:
    if run.passed:
        return signed("passed")
    others = [section for section in run.sections if section.status != "passed"]
    sign = SIGNS["incomplete" if all(section.status == "incomplete" for section in others) else "failed"]
    return f"{sign} " + ", ".join(plain(f"{section.slug} {section.status}") for section in others)


def _number(count: int, noun: str, before: str = "") -> str:
    return f"{before}{count} {noun}{'s' * (count != 1)}"
