"""What is read of a runbook's file, and of an executed copy."""

from __future__ import annotations

import pickle
import pickletools

import nbformat

from deploybook.runbook import notebook_file
from deploybook.runbook.events import MIME


def test_the_events_of_a_cell_are_read_without_nbformat_by_who_receives_them() -> None:
    shown = nbformat.v4.new_output("display_data", {MIME: {"step": "check", "fields": {"a": "b"}}})
    other = nbformat.v4.new_output("stream", text="by the way")
    events = notebook_file.events(nbformat.v4.new_code_cell("1", outputs=[other, shown]))
    assert events == [{"step": "check", "fields": {"a": "b"}}]
    named = [operation.name for operation, _, _ in pickletools.genops(pickle.dumps(events))]
    assert "STACK_GLOBAL" not in named
