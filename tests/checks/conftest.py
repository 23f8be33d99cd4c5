"""A copy of the tree for the tests of the rules, into which one mutation at a time is put."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.checks.mutate import Copy, copied


@pytest.fixture(scope="session")
def copy() -> Iterator[Copy]:
    with copied() as made:
        yield made
