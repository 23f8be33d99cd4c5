"""A checkout of its own for a test, in which it uses the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.runbooks.guide import COMMAND, Finished, Guide

__all__ = ["COMMAND", "Finished", "Guide", "guide"]


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    return Guide(tmp_path)
