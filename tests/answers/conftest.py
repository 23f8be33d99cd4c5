"""Random answers: how many for each flow, the descriptions that they are made by, and a clock that never makes anybody wait."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.answers.figures import property_of
from tests.answers.provider import RandomProvider

# Of each flow, full, sparse and mixed answers in turn; a nightly run asks for more.
TIMES = int(os.environ.get("DEPLOYBOOK_ANSWERS", "300"))


@pytest.fixture(autouse=True)
def instantly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sleeps finds the time gone by at once."""
    passed = 0.0
    since = time.monotonic()

    def sleep(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: since + passed)


@pytest.fixture
def provider(specs: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], RandomProvider]]:
    """The random provider of a description; the test is skipped where the description is absent."""
    providers: list[tuple[str, RandomProvider]] = []

    def described(name: str) -> RandomProvider:
        path = specs / f"{name}.json"
        if not path.is_file():
            pytest.skip(f"../shared/specs/{name}.json is absent: no random answers are made")
        providers.append((name, RandomProvider(json.loads(path.read_text()))))
        return providers[-1][1]

    yield described
    request.node.user_properties.extend(property_of(name, each.figures) for name, each in providers)
