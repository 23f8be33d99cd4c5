"""Read audio: any format with ffmpeg where it is installed, as in the worker's image; else WAV, with Python's own reader."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from deploybook.sample_app.problems import AudioFailed

PREVIEW_SECONDS = 30
_TOOL_SECONDS = 120


@dataclass(frozen=True)
class Sound:
    """What a file holds, and the first half minute of it as WAV."""

    duration: float
    sample_rate: int
    channels: int
    codec: str
    preview: bytes


def read(content: bytes) -> Sound:
    """Probe a file and cut its preview. Blocks: call it in a thread."""
    if shutil.which("ffprobe") and shutil.which("ffmpeg"):
        return _with_ffmpeg(content)
    return _with_wave(content)


def _with_ffmpeg(content: bytes) -> Sound:
    with tempfile.TemporaryDirectory() as name:
        source, preview = Path(name, "source"), Path(name, "preview.wav")
        source.write_bytes(content)
        entries = "stream=codec_name,sample_rate,channels:format=duration"
        probe = [
            "ffprobe",
            "-v",
            "error",
            "-select_streams",
            "a:0",
            "-show_entries",
            entries,
            "-of",
            "json",
            str(source),
        ]
        probed = json.loads(_tool(probe) or "{}")
        if not probed.get("streams"):
            raise AudioFailed("The file has no audio in it")
        # -bitexact: the same file gives the same preview, whenever and wherever.
        cut = ["-t", str(PREVIEW_SECONDS), "-vn", "-c:a", "pcm_s16le", "-bitexact", str(preview)]
        _tool(["ffmpeg", "-y", "-v", "error", "-i", str(source), *cut])
        stream = probed["streams"][0]
        return Sound(
            float(probed["format"]["duration"]),
            int(stream["sample_rate"]),
            int(stream["channels"]),
            stream["codec_name"],
            preview.read_bytes(),
        )


def _tool(command: list[str]) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_TOOL_SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise AudioFailed(f"{command[0]} took longer than {_TOOL_SECONDS} s") from None
    if run.returncode:
        # The last line is the reason; those before it name files of this machine.
        reason = run.stderr.strip().rpartition("\n")[2].rpartition(": ")[2]
        raise AudioFailed(f"{command[0]} cannot read the file: {reason}")
    return run.stdout


def _with_wave(content: bytes) -> Sound:
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, channels, count = file.getframerate(), file.getnchannels(), file.getnframes()
            width, frames = file.getsampwidth(), file.readframes(min(count, PREVIEW_SECONDS * rate))
    except (wave.Error, EOFError) as error:
        raise AudioFailed(
            f"The file cannot be read as WAV, and ffmpeg is not installed: {error or 'it ends early'}"
        ) from None
    if rate < 1:
        raise AudioFailed("The file cannot be read as WAV: it has no sample rate")
    cut = io.BytesIO()
    with wave.open(cut, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        file.writeframes(frames)
    return Sound(count / rate, rate, channels, f"pcm_s{8 * width}le" if width > 1 else "pcm_u8", cut.getvalue())
