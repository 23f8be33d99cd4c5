"""A sample of ``python -m tests.e2e.crashes_clones``: two clones at once; nobody is cut off, nothing is there twice, both are at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import RunningSandbox
from tests.e2e.crashes_clones import Clones

pytestmark = pytest.mark.xdist_group("crashes")


@pytest.fixture(scope="module")
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare", "turso")
    yield running
    running.control.delete("/faults", params={"held": "dropped"})


@pytest.mark.parametrize(
    ("section", "shared", "request_"),
    [("r2", False, "/tokens"), ("r2", True, "/cors"), ("turso", False, "/databases")],
)
def test_two_clones_at_once_are_both_at_rest_and_nobody_is_cut_off(
    sandbox: RunningSandbox, tmp_path: Path, section: str, shared: bool, request_: str
) -> None:
    clones = Clones(sandbox, tmp_path / section, section, shared=shared)
    interleaving = next(candidate for candidate in clones.interleavings() if str(candidate.request).endswith(request_))
    assert clones.try_one(interleaving) == []
