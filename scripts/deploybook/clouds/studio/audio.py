"""A short, real WAV file for the checks, and the tests that a file is a real MP3 or MP4, not a text that calls itself one."""

from __future__ import annotations

import io
import math
import struct
import wave

RATE = 8000
SECONDS = 1.0


def tone(mark: str, seconds: float = SECONDS, hertz: float = 440.0) -> bytes:
    """A mono 16-bit WAV file at 8 kHz, about 16 kB a second. ``mark`` stands in it as a comment, so that no other file equals it."""
    frames = [int(12000 * math.sin(2 * math.pi * hertz * number / RATE)) for number in range(int(RATE * seconds))]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(frames)}h", *frames))
    return _with_comment(buffer.getvalue(), mark)


def _with_comment(content: bytes, text: str) -> bytes:
    """A WAV file with one more chunk at its end: LIST, INFO, ICMT (Microsoft's *Multimedia Programming Interface*, 1991)."""
    comment = text.encode("ascii") + b"\0"
    comment += b"\0" * (len(comment) % 2)
    info = b"INFO" + struct.pack("<4sI", b"ICMT", len(comment)) + comment
    whole = content + struct.pack("<4sI", b"LIST", len(info)) + info
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def is_mp3(content: bytes) -> bool:
    """Whether a file begins as MP3 does: with an ID3 tag, or with the sync word of a frame of layer III (ISO/IEC 11172-3 2.4.2.3)."""
    return content[:3] == b"ID3" or (len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2)


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
