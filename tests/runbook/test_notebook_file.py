"""What is read of a runbook's file, and of an executed copy."""

from __future__ import annotations

import ast
import pickle
import pickletools

import nbformat
import pytest
from tests.conftest import ROOT

from deploybook.runbook import notebook_file
from deploybook.runbook.events import MIME


def test_the_events_of_a_cell_are_read_without_nbformat_by_who_receives_them() -> None:
    shown = nbformat.v4.new_output("display_data", {MIME: {"step": "check", "fields": {"a": "b"}}})
    other = nbformat.v4.new_output("stream", text="by the way")
    events = notebook_file.events(nbformat.v4.new_code_cell("1", outputs=[other, shown]))
    assert events == [{"step": "check", "fields": {"a": "b"}}]
    named = [operation.name for operation, _, _ in pickletools.genops(pickle.dumps(events))]
    assert "STACK_GLOBAL" not in named


def test_parameters_are_read_where_the_interpreter_miscounts_the_trees_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parse, failures = ast.parse, [SystemError("AST constructor recursion depth mismatch")]

    def miscounting(source: str) -> ast.Module:
        if failures:
            raise failures.pop()
        return parse(source)

    monkeypatch.setattr(ast, "parse", miscounting)
    assert "bucket_name" in notebook_file.read_parameters(ROOT / "runbooks" / "r2.ipynb")
    assert failures == []
