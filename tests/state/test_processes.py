"""A process goes on, or has ended; a number that none can have is not taken for one that ended."""

from __future__ import annotations

import os
import subprocess

import pytest

from deploybook.state.processes import is_alive


def test_one_that_goes_on_and_one_that_has_ended() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert is_alive(os.getpid())
    assert not is_alive(ended.pid)


@pytest.mark.parametrize("number", [1, 2**70])
def test_another_users_and_one_of_another_machine_count_as_going_on(number: int) -> None:
    assert is_alive(number)
