"""A sample of ``deploybook prove operators``: two clones at once; nobody is cut off, nothing is there twice, both are at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import RunningSandbox
from tests.e2e.operators import MADE, VAULT, Clones, interleavings

pytestmark = pytest.mark.xdist_group("crashes")


@pytest.fixture(scope="module")
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare", "turso")
    yield running
    running.control.delete("/faults", params={"held": "dropped"})


@pytest.mark.parametrize(
    ("begun", "request_"),
    [(f"r2 | {MADE}", "/tokens"), (f"r2 | {VAULT}", "/cors"), (f"turso | {MADE}", "/databases")],
)
def test_two_clones_at_once_are_both_at_rest_and_nobody_is_cut_off(
    sandbox: RunningSandbox, tmp_path: Path, begun: str, request_: str
) -> None:
    with Clones(sandbox, tmp_path, begun) as clones:
        interleaving = next(one for one in interleavings(begun) if str(one.request).endswith(request_))
        assert clones.try_one(interleaving) == []
