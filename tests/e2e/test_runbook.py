"""The end-to-end runbook as an operator runs it later, against an application that stands."""

from __future__ import annotations

import pytest
from tests.e2e.wiring import Stack
from tests.runbooks.conftest import Guide

pytestmark = pytest.mark.xdist_group("e2e")


def test_without_renders_key_everything_else_is_verified_and_the_log_is_said_not_to_be_read(stack: Stack) -> None:
    keyless = {name: value for name, value in stack.environ.items() if name != "RENDER_API_KEY"}
    verified = Guide(stack.home).run("run", "end_to_end", "--mode", "verify", "-p", "render", "false", env=keyless)
    assert verified.code == 0, verified.output
    lines = [line for section in verified.report["sections"] for cell in section["cells"] for line in cell["lines"]]
    left_out = {line["subject"]: line["detail"] for line in lines if line["outcome"] == "left out"}
    assert left_out == {
        "the worker's log names the job": "RENDER_API_KEY is not set",
        "a render comes back as a video": "-p render true tests it",
    }
    notes = [line["subject"] for line in lines if line["step"] == "note"]
    assert any(": pending, place 1 in the queue" in note for note in notes), notes
    assert not any("started on Modal" in note for note in notes), "nothing that costs is announced"
