"""What an ended check left differs from what a running one has made."""

from __future__ import annotations

import os
import time

import pytest
from tests.clouds.scratch_names import named

from deploybook.clouds import scratch


def test_a_name_begins_as_the_guide_has_an_operator_look_for_it() -> None:
    assert scratch.new_name().startswith("deploybook-check-")


def test_a_check_of_a_process_that_lives_is_left_alone(ended_process: int) -> None:
    assert not scratch.is_left_over(scratch.new_name())
    assert not scratch.is_left_over(named(os.getppid()))
    assert scratch.is_left_over(named(ended_process))


def test_a_table_has_the_name_with_underscores(ended_process: int) -> None:
    assert scratch.is_left_over(named(ended_process).replace("-", "_"))
    assert not scratch.is_left_over(scratch.new_name().replace("-", "_"))


def test_another_machines_check_is_left_alone_for_hours(ended_process: int) -> None:
    assert not scratch.is_left_over(named(ended_process, "abcdef01"))
    assert scratch.is_left_over(named(os.getpid(), "abcdef01", 1_700_000_000))


def test_what_is_older_than_any_check_is_left_over_whatever_process_has_its_number() -> None:
    hour_ago = int(time.time()) - 3600
    assert not scratch.is_left_over(named(os.getpid(), start=hour_ago))
    assert scratch.is_left_over(named(os.getpid(), start=hour_ago), longest_seconds=60)


def test_a_name_is_no_longer_than_modal_lets_an_apps_be() -> None:
    assert len(named(2**22)) <= 64


@pytest.mark.parametrize("name", ["", "deploybook-check-", "deploybook-check-tone", "somebody's.wav"])
def test_a_name_that_no_check_gives_is_nobodys(name: str) -> None:
    assert not scratch.is_left_over(name)
