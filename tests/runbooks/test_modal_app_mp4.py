"""The MP4 writer that stands in where there is no ffmpeg."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[2] / "runbooks" / "modal_app" / "mp4.py"


@pytest.fixture(scope="module")
def mp4() -> Any:
    """The module; it lies beside the app and is no part of the package."""
    spec = importlib.util.spec_from_file_location("mp4", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def boxes(data: bytes, at: int = 0) -> Iterator[tuple[str, bytes, int]]:
    """The boxes side by side in ``data``: kind, content, place of the content."""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        yield kind.decode(), data[at + 8 : at + size], at + 8
        at += size


def inside(data: bytes, *path: str) -> bytes:
    """The content of the box at ``path``."""
    for kind in path:
        data = next(content for name, content, _ in boxes(data) if name == kind)
    return data


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(1, 1, 1), (3.4, 2, 7), (0, 1, 1), (10, 30, 300)])
def test_the_length_is_as_asked(mp4: Any, seconds: float, fps: int, frames: int) -> None:
    data = mp4.still_video(seconds, fps)
    assert [kind for kind, _, _ in boxes(data)] == ["ftyp", "mdat", "moov"]
    timescale, duration = struct.unpack_from(">II", inside(data, "moov", "mvhd"), 12)
    assert duration / timescale == pytest.approx(frames / fps, abs=0.01)
    size, count = struct.unpack_from(">II", inside(data, "moov", "trak", "mdia", "minf", "stbl", "stsz"), 4)
    assert count == frames
    assert size * count == len(inside(data, "mdat"))


def test_the_samples_are_where_the_table_says(mp4: Any) -> None:
    data = mp4.still_video(2)
    (offset,) = struct.unpack_from(">I", inside(data, "moov", "trak", "mdia", "minf", "stbl", "stco"), 8)
    assert offset == next(place for kind, _, place in boxes(data) if kind == "mdat")
    (length,) = struct.unpack_from(">I", data, offset)
    assert data[offset + 4] & 0x1F == 5  # an IDR picture
    # No three bytes in it that a decoder would take for the start of the next unit.
    assert all(data[at : at + 3] > b"\0\0\2" for at in range(offset + 4, offset + 2 + length))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is absent: no decoder to judge the file")
def test_a_decoder_plays_it(mp4: Any, tmp_path: Path) -> None:
    (tmp_path / "still.mp4").write_bytes(mp4.still_video(2))
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(tmp_path / "still.mp4"), "-f", "null", "-"]
    completed = subprocess.run(command, capture_output=True, text=True)
    assert completed.returncode == 0
    assert completed.stderr == ""
