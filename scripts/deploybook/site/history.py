"""The dry runs so far: those in ``build/runs``, and those that ``build/history.json`` remembers of other checkouts and machines."""

from __future__ import annotations

import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from deploybook.errors import DocsError
from deploybook.guide.evidence import Evidence, dry_runs
from deploybook.layout import Layout
from deploybook.state.atomic import write_private

# How many dry runs are remembered.
KEPT = 200


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PastSection(_Model):
    """One section in one dry run."""

    slug: str
    status: str
    seconds: float
    tested: int
    passed: int


class PastRun(_Model):
    """One dry run; ``name`` is its folder's, ``commit`` as in ``Evidence.short_commit``."""

    name: str
    started: datetime.datetime
    seconds: float
    commit: str
    sections: tuple[PastSection, ...]

    @property
    def passed(self) -> bool:
        """Whether every section of it passed."""
        return all(section.status == "passed" for section in self.sections)

    def section(self, slug: str) -> PastSection | None:
        """The section of this slug, if the run had it."""
        return next((section for section in self.sections if section.slug == slug), None)


_RUNS = TypeAdapter(tuple[PastRun, ...])


def past_runs(layout: Layout) -> list[PastRun]:
    """The newest ``KEPT`` dry runs, oldest first. Raises DocsError if the file is no history."""
    runs = {_identity(run): run for run in _remembered(_file(layout))}
    for name, sections in dry_runs(layout.runs):
        if sections:
            run = _past(name, sections)
            runs[_identity(run)] = run
    return sorted(runs.values(), key=lambda run: (run.started, run.name))[-KEPT:]


def remember(layout: Layout, published: Path) -> None:
    """Write down what ``past_runs`` gives, for the builds to come: in this checkout, and in the folder that is published."""
    if runs := past_runs(layout):
        text = _RUNS.dump_json(tuple(runs), indent=1).decode() + "\n"
        write_private(_file(layout), text)
        (published / "history.json").write_text(text, encoding="utf-8")


def _file(layout: Layout) -> Path:
    return layout.root / "build" / "history.json"


def _remembered(path: Path) -> tuple[PastRun, ...]:
    if not path.is_file():
        return ()
    try:
        return _RUNS.validate_json(path.read_bytes())
    except ValidationError:
        message = "this is not the history of dry runs that a build wrote"
        raise DocsError(
            "build/history.json", 1, message, "Delete it: a build writes it anew, from build/runs."
        ) from None


def _identity(run: PastRun) -> tuple[str, str, float]:
    """Two machines can start a run in the same second: the name alone is not enough."""
    return run.name, run.commit, run.seconds


def _past(name: str, sections: list[Evidence]) -> PastRun:
    first = sections[0]
    runs = tuple(
        PastSection(
            slug=section.slug,
            status=section.status,
            seconds=section.seconds,
            tested=section.tested,
            passed=section.passed,
        )
        for section in sections
    )
    return PastRun(
        name=name, started=first.started, seconds=first.run_seconds, commit=first.short_commit, sections=runs
    )
