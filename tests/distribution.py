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
    "tests/runbooks",
    "tests/checks",
    "tests/site",
    "tests/sample_app",
    "tests/sandbox",
    "tests/clients",
    "tests/clouds",
    "tests/contract",
    "tests/runner",
)


def group(items: list[pytest.Item], root: Path) -> None:
    """Keep the tests that share something on one worker, unless their module says otherwise: each worker would make it anew."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and (name := _shares(item, root)):
            item.add_marker(pytest.mark.xdist_group(name))


def _shares(item: pytest.Item, root: Path) -> str:
    """The folder or module of tests that share a sandbox, or another fixture that is made once; empty if there is none."""
    folder, module = (path.relative_to(root).as_posix() for path in (item.path.parent, item.path))
    if SANDBOX in getattr(item, "fixturenames", ()):
        return module if folder in BY_MODULE else folder
    scopes = _scopes_of_own_fixtures(item)
    return folder if scopes & {"session", "package"} else module if "module" in scopes else ""


def _scopes_of_own_fixtures(item: pytest.Item) -> set[str]:
    """The scopes of the test's fixtures that are defined below ``tests/``, not in the conftest that all share, nor by a plugin."""
    information = getattr(item, "_fixtureinfo", None)
    definitions = (
        [name2fixturedef[-1] for name2fixturedef in information.name2fixturedefs.values()] if information else []
    )
    return {definition.scope for definition in definitions if definition.baseid.startswith("tests/")}


def order(items: list[pytest.Item], root: Path) -> None:
    """Put the folders that take longest first; within a folder nothing changes."""
    items.sort(key=lambda item: _rank(item.path.relative_to(root).as_posix()))


def _rank(path: str) -> int:
    return next((rank for rank, folder in enumerate(FIRST) if path.startswith(f"{folder}/")), len(FIRST))
