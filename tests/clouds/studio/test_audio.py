"""The sound that a check uploads, and what it makes of an answer's bytes."""

from __future__ import annotations

import pytest

from deploybook.clouds.studio.audio import is_mp3, tone


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
