"""A minimal MP4 writer, for where there is no ffmpeg: one grey still as H.264 video of a given length.

The picture is coded with I_PCM macroblocks (raw samples), so that no encoder is needed: ITU-T H.264 7.3 for the bit stream,
ISO/IEC 14496-12 and -15 for the boxes.
"""

from __future__ import annotations

import struct

_SIDE = 64  # pixels; four macroblocks a side
_LEVEL = 10
_BASELINE = 66
_TIMESCALE = 1000


class _Bits:
    """A bit string with H.264's Exp-Golomb codes."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def u(self, value: int, width: int) -> _Bits:
        self._bits.append(f"{value:0{width}b}")
        return self

    def ue(self, value: int) -> _Bits:
        code = f"{value + 1:b}"
        self._bits.append("0" * (len(code) - 1) + code)
        return self

    def align(self) -> _Bits:
        self._bits.append("0" * (-sum(map(len, self._bits)) % 8))
        return self

    def raw(self, data: bytes) -> _Bits:
        self._bits.append("".join(f"{byte:08b}" for byte in data))
        return self

    def unit(self, header: int) -> bytes:
        """The NAL unit: header, payload with its stop bit, and a 3 wherever three zeros would look like a start code."""
        bits = "".join(self._bits) + "1"
        bits += "0" * (-len(bits) % 8)
        escaped = bytearray([header])
        zeros = 0
        for byte in int(bits, 2).to_bytes(len(bits) // 8, "big"):
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return bytes(escaped)


def _sequence_parameters() -> bytes:
    blocks = _SIDE // 16
    bits = _Bits().u(_BASELINE, 8).u(0, 8).u(_LEVEL, 8).ue(0)  # profile, constraints, level, id
    bits.ue(0).ue(2).ue(0).u(0, 1)  # frame number of 4 bits, output in decoding order, no references, no gaps
    bits.ue(blocks - 1).ue(blocks - 1).u(1, 1).u(1, 1)  # size, frames only, direct 8x8 inference
    return bits.u(0, 1).u(0, 1).unit(0x67)  # no cropping, no VUI


def _picture_parameters() -> bytes:
    bits = _Bits().ue(0).ue(0).u(0, 1).u(0, 1).ue(0).ue(0).ue(0)  # ids, CAVLC, one slice group, one reference each
    return bits.u(0, 1).u(0, 2).ue(0).ue(0).ue(0).u(0, 1).u(0, 1).u(0, 1).unit(0x68)


def _still(luma: int) -> bytes:
    """An IDR picture of one shade."""
    bits = _Bits().ue(0).ue(7).ue(0).u(0, 4).ue(0)  # first block, I slice, parameters, frame number, IDR id
    bits.u(0, 1).u(0, 1).ue(0)  # no prior pictures, not long-term, quantiser as in the parameters
    for _ in range((_SIDE // 16) ** 2):
        bits.ue(25).align().raw(bytes([luma]) * 256 + bytes([128]) * 128)  # I_PCM
    return bits.unit(0x65)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


_MATRIX = _u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def still_video(seconds: float, fps: int = 1, luma: int = 128) -> bytes:
    """An MP4 file that shows one shade of grey for ``seconds`` at ``fps`` frames a second."""
    count = max(1, round(seconds * fps))
    duration = count * _TIMESCALE // fps
    picture = _still(luma)
    sample = struct.pack(">I", len(picture)) + picture
    start = _box(b"ftyp", b"isom", _u32(0x200), b"isomiso2avc1mp41")
    media = _box(b"mdat", sample * count)
    table = _sample_table(count, len(sample), _TIMESCALE // fps, len(start) + 8)
    return start + media + _movie(duration, table)


def _movie(duration: int, table: bytes) -> bytes:
    side = _SIDE << 16
    header = _full(
        b"mvhd", _u32(0, 0, _TIMESCALE, duration, 0x10000), struct.pack(">HH8x", 0x100, 0), _MATRIX, bytes(24), _u32(2)
    )
    track = _full(b"tkhd", _u32(0, 0, 1, 0, duration), bytes(16), _MATRIX, _u32(side, side), flags=3)
    media_header = _full(b"mdhd", _u32(0, 0, _TIMESCALE, duration), struct.pack(">HH", 0x55C4, 0))
    handler = _full(b"hdlr", _u32(0), b"vide", bytes(12), b"video\0")
    references = _box(b"dinf", _full(b"dref", _u32(1), _full(b"url ", flags=1)))
    information = _box(b"minf", _full(b"vmhd", bytes(8), flags=1), references, table)
    return _box(b"moov", header, _box(b"trak", track, _box(b"mdia", media_header, handler, information)))


def _sample_table(count: int, size: int, length: int, offset: int) -> bytes:
    sequence, picture = _sequence_parameters(), _picture_parameters()
    configuration = _box(
        b"avcC",
        bytes([1, _BASELINE, 0, _LEVEL, 0xFF, 0xE1]),
        struct.pack(">H", len(sequence)),
        sequence,
        b"\x01",
        struct.pack(">H", len(picture)),
        picture,
    )
    entry = _box(
        b"avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, _SIDE, _SIDE, 0x480000, 0x480000, 0, 1, 24, -1),
        configuration,
    )
    return _box(
        b"stbl",
        _full(b"stsd", _u32(1), entry),
        _full(b"stts", _u32(1, count, length)),
        _full(b"stsc", _u32(1, 1, count, 1)),
        _full(b"stsz", _u32(size, count)),
        _full(b"stco", _u32(1, offset)),
    )
