"""Audio is read by Python where there is no ffmpeg, and by ffmpeg where there is, with the same findings."""

from __future__ import annotations

import io
import shutil
import wave

import pytest
from tests.clients.render_app import two_seconds_of_silence

from deploybook.sample_app import audio
from deploybook.sample_app.recipe import Clip

ASSET = "00000000-0000-4000-8000-000000000000"


def wav(seconds: float, *, channels: int = 1, width: int = 2, rate: int = 8000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(int(seconds * rate) * channels * width))
    return target.getvalue()


@pytest.fixture(params=["python", "ffmpeg"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two ways."""
    if request.param == "python":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        pytest.skip("ffmpeg and ffprobe are not installed")
    return str(request.param)


@pytest.mark.parametrize(("channels", "width", "rate"), [(1, 2, 8000), (2, 2, 44100), (1, 1, 8000), (2, 3, 48000)])
def test_wav_is_measured(reader: str, channels: int, width: int, rate: int) -> None:
    sound = audio.probe(wav(1.5, channels=channels, width=width, rate=rate))
    assert sound.duration == 1.5
    assert sound.sample_rate == rate
    assert sound.channels == channels
    assert sound.codec == {1: "pcm_u8", 2: "pcm_s16le", 3: "pcm_s24le"}[width]
    assert sound.bitrate > 0


def clip(end: float) -> Clip:
    return Clip.model_validate({"id": "a", "sourceAssetId": ASSET, "startTime": 0, "endTime": end})


def test_preview_is_mp3_of_the_clips_length(reader: str) -> None:
    content = audio.preview({ASSET: wav(2)}, [clip(0.5), clip(1)])
    assert content[:3] == b"ID3" or content[0] == 0xFF
    # 128 kbit/s, and a frame or a tag more.
    assert 1.4 < len(content) * 8 / 128_000 < 1.7


def test_prepared_file_is_wav_of_the_clips_length(reader: str) -> None:
    with wave.open(io.BytesIO(audio.prepared({ASSET: wav(2)}, [clip(0.5), clip(1)], 44100))) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("content", [b"words", b"RIFF\x04\0\0\0WAVE", two_seconds_of_silence()[:20]])
def test_what_is_no_audio_is_taken_and_measured_as_nothing(reader: str, content: bytes) -> None:
    assert audio.probe(content) == audio.UNKNOWN
