"""One section, executed by papermill in a process of its own (papermill changes the working directory process-wide)."""

from __future__ import annotations

import builtins
import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import re
import shutil
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from deploybook import errors
from deploybook.contract.definitions import Section
from deploybook.redact import without_controls
from deploybook.runner import kernel_folder
from deploybook.runner.report import CellResult, SectionResult
from deploybook.state.vault import Vault

STOPPED_HINT = "Run the same command again: what is done is kept, and it continues from there."
_progress: Connection | None = None


@dataclass(frozen=True)
class SectionJob:
    """What a worker needs to know to execute one section."""

    section: Section
    notebook: Path
    output: Path
    parameters: dict[str, Any]
    state: Path
    environ: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class CellProgress:
    """A code cell that goes on: it has started, or it has shown ``event``."""

    cell: str
    event: dict[str, Any] | None = None


def prepare(progress: Connection) -> None:
    """Keep the pipe for a worker's cells, end it with the runner, and have SIGTERM stop its kernel before the next request."""
    global _progress
    _progress = progress
    signal.signal(signal.SIGTERM, lambda *_: _stop())
    threading.Thread(target=_end_with_runner, daemon=True).start()


def _stop() -> None:
    from deploybook.runner import forked_kernel

    forked_kernel.stop_all()


def _end_with_runner() -> None:
    """End this process, and its kernel with it, when the runner ends, so that no section outlives a killed runner."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        kernel_folder.remove_all()
        # The fork server's socket, which the runner would have removed; this process knows it by inheritance.
        shutil.rmtree(multiprocessing.util.get_temp_dir(), ignore_errors=True)
        os._exit(1)


def execute(job: SectionJob) -> SectionResult:
    """Run one notebook and return its result; the executed copy is saved in any case."""
    # Heavy, and imported by the fork server already: the runner's own process does without.
    import papermill

    from deploybook.runbook.notebook_file import events
    from deploybook.runner import forked_kernel

    os.environ.clear()
    os.environ.update(job.environ | {forked_kernel.CHOICE_VARIABLE: forked_kernel.NAME})
    logging.getLogger("papermill").setLevel(logging.ERROR)
    result = SectionResult(job.section.slug, job.section.title, notebook=job.output.name, parameters=job.parameters)
    started = time.monotonic()

    def goes_on(cell: str, event: dict[str, Any] | None) -> None:
        if _progress is not None:
            _progress.send(CellProgress(cell, event))

    def cell_done(cell: Any) -> None:
        timing = cell.metadata.get("papermill", {}).get("duration") or 0.0
        result.cells.append(CellResult(cell.id, round(timing, 3), events(cell)))
        if _progress is not None:
            _progress.send(result.cells[-1])

    try:
        papermill.execute_notebook(
            job.notebook,
            job.output,
            parameters=job.parameters,
            engine_name="deploybook",
            kernel_name="python3",
            progress_bar=False,
            cwd=job.notebook.parent,
            vault=Vault(job.state, job.parameters["environment"]),
            cell_done=cell_done,
            cell_goes_on=goes_on,
        )
        result.succeed()
    except Exception as failure:  # noqa: BLE001 - whatever ends one section, the others go on, and the report is written
        result.status = "failed"
        result.error = _error_of(job.section.slug, failure, result.cells)
    result.seconds = round(time.monotonic() - started, 3)
    return result


def _error_of(slug: str, failure: Exception, cells: list[CellResult]) -> dict[str, Any]:
    """What ended a section: its cell, its kernel, this machine, or a fault of deploybook's own, by its class."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(failure, PapermillExecutionError):
        return _describe(slug, failure, cells)
    last = cells[-1].id if cells else "worker"
    if isinstance(failure, OSError):
        # The executed copy could not be saved: what a section does is not to go on without evidence.
        return _machine_fault(failure, last)
    if isinstance(failure, RuntimeError | DeadKernelError):
        # nbclient's words for a kernel that did not start, or died: there is no executed cell to blame.
        last, message = "kernel", f"The kernel of the {slug} runbook did not start or died: {failure}."
    else:
        message = f"The {slug} runbook stopped after cell {last}: {type(failure).__name__}."
    unexpected = errors.RunbookFailed(slug, last, str(failure))
    return _as_dict("RunbookFailed", message, unexpected.hint, unexpected.entry, unexpected.exit_code, last)


def killed(job: SectionJob, cells: list[CellResult], seconds: float) -> SectionResult:
    """The result of a section whose process ended early: the cells that it reported, and its failure."""
    section = job.section
    result = SectionResult(section.slug, section.title, "failed", seconds, parameters=job.parameters, cells=cells)
    if job.output.exists():
        result.notebook = job.output.name
    message = f"The process that executed the {section.slug} runbook was killed, by a person or because memory ran out."
    hint = "Run the section again: it continues from where it stopped."
    entry, code = errors.RunbookFailed.entry_default, errors.RunbookFailed.exit_code
    result.error = _as_dict("RunbookFailed", message, hint, entry, code, "worker")
    return result


def _describe(slug: str, failure: Any, cells: list[CellResult]) -> dict[str, Any]:
    """The error from the kernel's traceback, in which our own errors show their hint and link below the sentence."""
    lines = failure.traceback if isinstance(failure.traceback, list) else str(failure.traceback).splitlines()
    hint = next((line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")), "")
    entry = next((line.rpartition("#")[2] for line in lines if line.startswith("see: ")), "")
    return error_in(slug, cells[-1].id if cells else "?", failure.ename, str(failure.evalue), hint, entry)


def error_in(slug: str, cell: str, name: str, message: str, hint: str, entry: str) -> dict[str, Any]:
    """The operator's view of an error in a cell: our own error classes by name, anything else as RunbookFailed."""
    message, hint = without_controls(message), without_controls(hint)
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, errors.DeploybookError):
        return _as_dict(name, message, hint, entry, kind.exit_code, cell)
    if name == KeyboardInterrupt.__name__:
        return _as_dict("Stopped", f"The {slug} runbook was stopped by a signal.", STOPPED_HINT, "", 130, cell)
    if (fault := _fault_by_name(name, message)) is not None:
        return _machine_fault(fault, cell)
    unexpected = errors.RunbookFailed(slug, cell)
    text = f"{unexpected.message[:-1]}: {name}: {message}"
    return _as_dict("RunbookFailed", text, unexpected.hint, unexpected.entry, unexpected.exit_code, cell)


def _fault_by_name(name: str, message: str) -> OSError | None:
    """What the machine refused a kernel, from the error's class and its words: ``[Errno 28] No space left on device: '/x'``."""
    kind, parts = getattr(builtins, name, None), re.match(r"\[Errno (\d+)\] [^:]*(?:: '(.*)')?", message)
    if parts is None or not (isinstance(kind, type) and issubclass(kind, OSError)):
        return None
    fault = OSError(int(parts[1]), os.strerror(int(parts[1])), parts[2])
    return fault if errors.MachineFault.fits(OSError(fault.errno, "")) else None


def _machine_fault(error: OSError, cell: str) -> dict[str, Any]:
    fault = errors.MachineFault.of(error)
    return _as_dict("MachineFault", fault.message, fault.hint, fault.entry, fault.exit_code, cell)


def _as_dict(kind: str, message: str, hint: str, entry: str, exit_code: int, cell: str) -> dict[str, Any]:
    return {"type": kind, "message": message, "hint": hint, "entry": entry, "exit_code": exit_code, "cell": cell}
