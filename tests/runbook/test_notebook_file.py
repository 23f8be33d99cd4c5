"""What is read of a runbook's file, and of an executed copy."""

from __future__ import annotations

import gc
import pickle
import pickletools
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
from tests.conftest import ROOT

from deploybook.runbook import notebook_file
from deploybook.runbook.events import MIME


def test_the_events_of_a_cell_are_read_without_nbformat_by_who_receives_them() -> None:
    output = nbformat.v4.new_output("display_data", {MIME: {"step": "check", "fields": {"a": "b"}}})
    other = nbformat.v4.new_output("stream", text="by the way")
    events = notebook_file.events(nbformat.v4.new_code_cell("1", outputs=[other, output]))
    assert events == [{"step": "check", "fields": {"a": "b"}}]
    named = [operation.name for operation, _, _ in pickletools.genops(pickle.dumps(events))]
    assert "STACK_GLOBAL" not in named


def test_parameters_are_read_by_threads_side_by_side_whatever_the_interpreter_counts() -> None:
    path, thresholds, interval = ROOT / "runbooks" / "ci_cd.ipynb", gc.get_threshold(), sys.getswitchinterval()

    # A collection that executes Python in the midst of a tree lets another thread build its own.
    def collected(*_: object) -> None:
        sum(range(2000))

    gc.callbacks.append(collected)
    gc.set_threshold(50, 2, 2)
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            names = {frozenset(parameters) for parameters in pool.map(notebook_file.read_parameters, [path] * 400)}
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(collected)
    assert len(names) == 1
