"""A bench that is set up and healthy, for the tests and for the whole proof."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from tests.conftest import launch_sandbox
from tests.e2e.proving import Bench


@contextmanager
def healthy_bench() -> Iterator[Bench]:
    """A stack of its own, provisioned, in which nothing fails; this process's environment points at it meanwhile."""
    sandbox = launch_sandbox()
    try:
        with (
            tempfile.TemporaryDirectory() as name,
            mock.patch.dict(os.environ, {**sandbox.exports, "DEPLOYBOOK_HOME": name}),
        ):
            bench = Bench(sandbox, Path(name))
            bench.provision()
            failing = [str(each) for each in bench.examine().observations if each.failed]
            assert not failing, failing
            yield bench
    finally:
        sandbox.close()
