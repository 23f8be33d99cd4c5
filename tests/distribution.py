"""Which tests one worker of xdist executes one after the other, and in which order the workers take them."""

from __future__ import annotations

from pathlib import Path

import pytest

# A test that uses this fixture starts a sandbox, which later tests of the same worker use too.
SANDBOX = "start_sandbox"
# Folders whose modules have each a sandbox of their own kind; in other folders all modules have the same.
BY_MODULE = ("tests/clients", "tests/runbooks")
# What takes long begins first, so that no worker is left alone with it at the end.
FIRST = (
    "tests/e2e",
    "tests/sample_app",
    "tests/runbooks",
    "tests/site",
    "tests/checks",
    "tests/clouds",
    "tests/clients",
)


def group(items: list[pytest.Item], root: Path) -> None:
    """Keep the tests of one sandbox on one worker, unless their module says otherwise: each worker would start it anew."""
    for item in items:
        if SANDBOX in getattr(item, "fixturenames", ()) and item.get_closest_marker("xdist_group") is None:
            folder = item.path.parent.relative_to(root).as_posix()
            name = item.path.relative_to(root).as_posix() if folder in BY_MODULE else folder
            item.add_marker(pytest.mark.xdist_group(name))


def order(items: list[pytest.Item], root: Path) -> None:
    """Put the folders that take longest first; within a folder nothing changes."""
    items.sort(key=lambda item: _rank(item.path.relative_to(root).as_posix()))


def _rank(path: str) -> int:
    return next((rank for rank, folder in enumerate(FIRST) if path.startswith(f"{folder}/")), len(FIRST))
