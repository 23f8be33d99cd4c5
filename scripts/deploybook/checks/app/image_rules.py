"""The worker's Dockerfile: whether its steps find what they need, and whether its program starts."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.image.build import Built, ImageBuild, Problem
from deploybook.checks.app.image.contents import Context
from deploybook.checks.app.image.start import problems
from deploybook.checks.finding import Finding


def broken_steps(compared: Compared) -> Iterator[Finding]:
    """A step of the Dockerfile that fails."""
    if compared.app.worker:
        for problem in _built(compared, compared.app.worker.home).problems:
            yield _finding(compared.app.worker.home, "app-image-build", problem)


def unstartable_programs(compared: Compared) -> Iterator[Finding]:
    """A program that the image starts and that can't run."""
    if compared.app.worker:
        home = compared.app.worker.home
        for problem in problems(_built(compared, home), compared.app.sources, compared.app.graph):
            yield _finding(home, "app-image-start", problem)


def _built(compared: Compared, path: str) -> Built:
    sources = compared.app.sources
    return ImageBuild(Context(sources), compared.app.graph, sources.content(path)).run()


def _finding(path: str, rule: str, problem: Problem) -> Finding:
    return Finding(path, problem.line, rule, problem.message, problem.hint)
