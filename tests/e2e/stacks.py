"""The whole stack in a sandbox of its own, provisioned as an operator does it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from tests.e2e.wiring import ROOT, Stack
from tests.runbooks.guide import Guide
from tests.sandboxes import CONTRACT, RunningSandbox, launch_sandbox

SECTIONS = CONTRACT.all_predecessors("end_to_end")


@contextmanager
def provisioned_stack() -> Iterator[tuple[Stack, RunningSandbox]]:
    """A stack and its sandbox; this process's environment points at them meanwhile."""
    sandbox = launch_sandbox()
    try:
        with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ, sandbox.exports):
            guide = Guide(Path(name))
            (guide.root / "runbooks").symlink_to(ROOT / "runbooks")
            parameters = ("-p", "git_repository", "example/studio")
            guide.quicken_the_worker(sandbox.exports)
            result = guide.run("run", *SECTIONS, "--mode", "apply", "--yes", *parameters, env=sandbox.exports)
            assert result.code == 0, result.output
            stack = Stack(guide.root, sandbox.exports)
            yield stack, sandbox
            stack.clouds.close()
    finally:
        sandbox.close()
