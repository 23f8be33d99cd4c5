"""One clone and one provider."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbook.one_cloud import Checkout, Cloud


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
