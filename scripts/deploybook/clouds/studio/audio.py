"""A short, real WAV file for the checks, and the test that a file is a real MP4, not a text that calls itself one."""

from __future__ import annotations

import io
import math
import struct
import wave

RATE = 8000


def tone(seconds: float = 1.0, hertz: float = 440.0) -> bytes:
    """A mono 16-bit WAV file of ``seconds`` at 8 kHz; about 16 kB a second."""
    frames = [int(12000 * math.sin(2 * math.pi * hertz * number / RATE)) for number in range(int(RATE * seconds))]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(frames)}h", *frames))
    return buffer.getvalue()


def mp4_boxes(content: bytes) -> list[str]:
    """The names of a file's top-level boxes (ISO/IEC 14496-12 §4.2); empty if it is not made of boxes."""
    names, offset = [], 0
    while offset + 8 <= len(content):
        size, name = struct.unpack(">I4s", content[offset : offset + 8])
        header = 8
        if size == 1 and offset + 16 <= len(content):
            size, header = struct.unpack(">Q", content[offset + 8 : offset + 16])[0], 16
        elif size == 0:
            size = len(content) - offset
        if size < header or offset + size > len(content) or not name.isascii():
            return []
        names.append(name.decode("ascii"))
        offset += size
    return names if offset == len(content) else []
