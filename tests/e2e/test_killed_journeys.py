"""A check that was killed leaves nothing once the next one has begun. At each of its steps: ``deploybook prove crashes``."""

from __future__ import annotations

import pytest
from tests.e2e.journeys import killed_at
from tests.e2e.wiring import Stack

pytestmark = pytest.mark.xdist_group("e2e")


def test_what_a_killed_check_left_is_removed_by_the_next_one(stack: Stack) -> None:
    before, killed, after = killed_at(stack, "worker")
    assert killed != before, "it was killed before it had made anything"
    assert after == before
