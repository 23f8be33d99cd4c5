"""Reads and cuts audio: any format with ffmpeg where it is installed, as in the worker's image; else WAV, with Python's own reader."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploybook.sample_app.problems import AudioFailed
from deploybook.sample_app.recipe import Clip

_TOOL_SECONDS = 120
_MP3_RATE, _MP3_FRAME_SAMPLES = 44100, 1152
# MPEG-1 layer III, 128 kbit/s, 44.1 kHz, mono (ISO/IEC 11172-3 2.4.1.3); an all-zero frame behind it is silence.
_MP3_FRAME = bytes.fromhex("fffb90c4") + bytes(413)


@dataclass(frozen=True)
class Sound:
    """What a file holds: seconds, hertz, bits a second."""

    duration: float
    sample_rate: int
    channels: int
    codec: str
    bitrate: int
    format: str

    def view(self) -> dict[str, Any]:
        """As the application writes it."""
        rate, channels = self.sample_rate, self.channels
        kind = {"codec": self.codec, "bitrate": self.bitrate, "format": self.format}
        return {"duration": self.duration, "sampleRate": rate, "channels": channels} | kind


UNKNOWN = Sound(0, 0, 0, "unknown", 0, "unknown")


def probe(content: bytes) -> Sound:
    """What a file holds; zeros for what is no audio, which the application takes all the same. Blocks: call it in a thread."""
    try:
        return _probe_with_ffprobe(content) if shutil.which("ffprobe") else _probe_wave(content)
    except AudioFailed:
        return UNKNOWN


def preview(sources: Mapping[str, bytes], clips: Sequence[Clip]) -> bytes:
    """The clips one after the other, as MP3 of 128 kbit/s. Without ffmpeg it is silence of the same length."""
    if shutil.which("ffmpeg"):
        return _joined(sources, clips, "preview.mp3", "-c:a", "libmp3lame", "-b:a", "128k", "-ar", str(_MP3_RATE))
    return silent_mp3(sum(clip.seconds for clip in clips))


def prepared(sources: Mapping[str, bytes], clips: Sequence[Clip], rate: int) -> bytes:
    """The clips one after the other, as WAV. Without ffmpeg the first source's format is kept."""
    if shutil.which("ffmpeg"):
        return _joined(sources, clips, "prepared.wav", "-c:a", "pcm_s16le", "-ar", str(rate), "-bitexact")
    cut = io.BytesIO()
    with wave.open(cut, "wb") as target:
        for number, clip in enumerate(clips):
            with wave.open(io.BytesIO(sources[str(clip.source_asset_id)])) as source:
                if not number:
                    target.setparams(source.getparams())
                source.setpos(int(clip.start_time * source.getframerate()))
                target.writeframes(source.readframes(int(clip.seconds * source.getframerate())))
    return cut.getvalue()


def silent_mp3(seconds: float) -> bytes:
    """An MP3 file of silence, of at least ``seconds``."""
    return _MP3_FRAME * (int(seconds * _MP3_RATE / _MP3_FRAME_SAMPLES) + 1)


def _joined(sources: Mapping[str, bytes], clips: Sequence[Clip], name: str, *codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        inputs: list[str] = []
        for number, clip in enumerate(clips):
            path = Path(folder, f"source-{number}")
            path.write_bytes(sources[str(clip.source_asset_id)])
            inputs += ["-ss", str(clip.start_time), "-t", str(clip.seconds), "-i", str(path)]
        joined = "".join(f"[{number}:a:0]" for number in range(len(clips)))
        output = Path(folder, name)
        join = ["-filter_complex", f"{joined}concat=n={len(clips)}:v=0:a=1"]
        _tool(["ffmpeg", "-y", "-v", "error", *inputs, *join, *codec, str(output)])
        return output.read_bytes()


def _probe_with_ffprobe(content: bytes) -> Sound:
    with tempfile.NamedTemporaryFile() as source:
        source.write(content)
        source.flush()
        entries = "stream=codec_name,sample_rate,channels:format=duration,bit_rate,format_name"
        options = ["-v", "error", "-select_streams", "a:0", "-show_entries", entries, "-of", "json"]
        answer = json.loads(_tool(["ffprobe", *options, source.name]) or "{}")
    if not answer.get("streams"):
        raise AudioFailed("No audio stream found")
    stream, container = answer["streams"][0], answer["format"]
    return Sound(
        float(container["duration"]),
        int(stream["sample_rate"]),
        int(stream["channels"]),
        stream["codec_name"],
        int(container.get("bit_rate") or 0),
        container["format_name"],
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


def _probe_wave(content: bytes) -> Sound:
    try:
        with wave.open(io.BytesIO(content)) as file:
            rate, channels, count = file.getframerate(), file.getnchannels(), file.getnframes()
            width = file.getsampwidth()
    except (wave.Error, EOFError) as error:
        reason = error or "it ends early"
        raise AudioFailed(f"The file cannot be read as WAV, and ffmpeg is not installed: {reason}") from None
    if rate < 1:
        raise AudioFailed("The file cannot be read as WAV: it has no sample rate")
    codec = f"pcm_s{8 * width}le" if width > 1 else "pcm_u8"
    return Sound(count / rate, rate, channels, codec, rate * channels * width * 8, "wav")
