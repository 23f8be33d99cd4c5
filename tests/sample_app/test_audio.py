"""Audio is read by Python where there is no ffmpeg, and by ffmpeg where there is, with the same findings."""

from __future__ import annotations

import io
import shutil
import wave

import pytest
from tests.clients.render_app import two_seconds_of_silence

from deploybook.sample_app import audio
from deploybook.sample_app.problems import AudioFailed


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
    sound = audio.read(wav(1.5, channels=channels, width=width, rate=rate))
    assert (sound.duration, sound.sample_rate, sound.channels) == (1.5, rate, channels)
    assert sound.codec == {1: "pcm_u8", 2: "pcm_s16le", 3: "pcm_s24le"}[width]
    with wave.open(io.BytesIO(sound.preview)) as preview:
        assert preview.getnframes() / preview.getframerate() == 1.5


def test_preview_is_the_first_half_minute(reader: str) -> None:
    with wave.open(io.BytesIO(audio.read(wav(40)).preview)) as preview:
        assert preview.getnframes() == 30 * 8000


@pytest.mark.parametrize("content", [b"words", b"RIFF\x04\0\0\0WAVE", two_seconds_of_silence()[:20]])
def test_what_is_no_audio_is_refused(reader: str, content: bytes) -> None:
    with pytest.raises(AudioFailed, match="cannot"):
        audio.read(content)
