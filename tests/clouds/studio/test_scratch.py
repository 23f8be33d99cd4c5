"""What a check that has ended left is told from what one that still runs has made."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from deploybook.clouds.studio import scratch
from deploybook.clouds.studio.audio import is_mp3, tone


@pytest.fixture
def ended_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def named(process: int, machine: str = "", start: int | None = None) -> str:
    """A name as a check of that process and machine gives it."""
    parts = scratch.new_name().removeprefix(scratch.PREFIX).split("-")
    own = [machine or parts[0], f"{process:x}", parts[2] if start is None else str(start), parts[3]]
    return scratch.PREFIX + "-".join(own)


def test_a_check_of_a_process_that_lives_is_left_alone(ended_process: int) -> None:
    assert not scratch.is_left_over(scratch.new_name())
    assert not scratch.is_left_over(named(os.getppid()))
    assert scratch.is_left_over(named(ended_process))


def test_another_machines_check_is_left_alone_for_hours(ended_process: int) -> None:
    assert not scratch.is_left_over(named(ended_process, "abcdef"))
    assert scratch.is_left_over(named(os.getpid(), "abcdef", 1_700_000_000))


@pytest.mark.parametrize("name", ["", "deploybook-check-", "deploybook-check-tone", "somebody's.wav"])
def test_a_name_that_no_check_gives_is_nobodys(name: str) -> None:
    assert not scratch.is_left_over(name)


def test_no_two_tones_are_equal_and_each_is_a_wav() -> None:
    one, other = tone("a"), tone("b")
    assert one != other
    assert {one[:4], other[8:12]} == {b"RIFF", b"WAVE"}
    assert int.from_bytes(one[4:8], "little") == len(one) - 8


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"ID3\x04", True),
        (b"\xff\xfb\x90", True),
        (b"RIFF", False),
        (b"\xff", False),
        (b"", False),
        (b"\xff\xff", False),
    ],
)
def test_mp3_is_told_from_what_is_none(content: bytes, expected: bool) -> None:
    assert is_mp3(content) is expected
