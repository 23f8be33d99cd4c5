"""A sandbox with R2 and Turso, and the operator of one clone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Guide
from tests.runbooks.identity.operator import Operator


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare", "turso")
    running.reset()
    if bundle := running.exports.get("AWS_CA_BUNDLE"):
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    yield running
    running.control.delete("/faults")


@pytest.fixture
def operator(guide: Guide, sandbox: RunningSandbox) -> Operator:
    return Operator(guide, sandbox)
