"""The command line without its costs: the same command in the test's own process, its sections executed there without kernels.

What it can not show: what stands in an executed copy (none is written), what a kernel redacts, and how processes end.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from unittest import mock

from deploybook.cli import main
from deploybook.contract.model import load_contract
from deploybook.errors import DeploybookError
from deploybook.layout import find_layout
from deploybook.redact import Redactor
from deploybook.runbook.events import Event
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.output import use_listener
from deploybook.runner.executors import CellListener, Workers
from deploybook.runner.report import CellResult, SectionResult
from deploybook.runner.worker import SectionJob, error_in
from deploybook.state.known_secrets import known_secrets
from deploybook.state.vault import Vault


def call(arguments: Sequence[str], environ: Mapping[str, str], typed: str = "") -> tuple[int, str]:
    """``deploybook`` with arguments, in this environment, to its end: its exit code, and both of its outputs."""
    output = io.StringIO()
    with (
        mock.patch.dict(os.environ, environ, clear=True),
        mock.patch("sys.stdin", io.StringIO(typed)),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        try:
            main(arguments, InProcess())
        except SystemExit as end:
            return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


class InProcess:
    """Executes sections one after the other where it is called."""

    def warm_up(self) -> None:
        """Nothing takes time."""

    @contextmanager
    def open(self, jobs: int, listener: CellListener) -> Iterator[Workers]:
        """One worker, however many are asked for."""
        yield _Worker(listener)


class _Worker:
    def __init__(self, listener: CellListener) -> None:
        self._listener = listener
        self._waiting: list[SectionJob] = []

    def start(self, job: SectionJob) -> None:
        self._waiting.append(job)

    def ended(self) -> list[SectionResult]:
        return [execute(self._waiting.pop(0), self._listener)]

    def stop(self) -> None:
        """A section that is executed where it is called has no process of its own to stop."""

    def kill(self) -> None:
        """The same."""


def execute(job: SectionJob, listener: CellListener) -> SectionResult:
    """Run one notebook's cells as ``worker.execute`` does, and tell how it went in the same terms."""
    slug = job.section.slug
    result = SectionResult(slug, job.section.title, parameters=job.parameters)
    redactor, vault = Redactor(), Vault(job.state, job.parameters["environment"])
    began = [time.monotonic()]

    def ended() -> None:
        redactor.learn(known_secrets(load_contract(find_layout().contract), os.environ, vault))
        cell = result.cells[-1]
        cell.seconds, cell.lines = round(time.monotonic() - began[-1], 3), redactor.tree(cell.lines)
        listener.cell_done(slug, cell)

    def starting(cell: str) -> None:
        if result.cells:
            ended()
        began.append(time.monotonic())
        result.cells.append(CellResult(cell, 0.0))

    def listen(line: Event) -> None:
        result.cells[-1].lines.append(asdict(line))

    with (
        mock.patch.dict(os.environ, job.environ, clear=True),
        contextlib.chdir(job.notebook.parent),
        use_listener(listen),
    ):
        try:
            run_cells(job.notebook, job.parameters, starting=starting)
            result.status = "passed"
        except Exception as error:  # noqa: BLE001 - a bug in a cell is told as well
            hint, entry = (error.hint, error.entry) if isinstance(error, DeploybookError) else ("", "")
            result.status = "failed"
            result.error = error_in(slug, result.cells[-1].id, type(error).__name__, str(error), hint, entry)
        ended()
        result.error = redactor.tree(result.error)
    result.seconds = round(time.monotonic() - began[0], 3)
    return result
