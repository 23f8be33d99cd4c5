"""Dask reads Python's own module ``site``, whose name ``tests/site`` takes from it while tests are collected."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from pathlib import Path

import pytest

needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="distributed is not installed")


def give_python_its_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``import site`` be Python's own in a test."""
    path = Path(sysconfig.get_path("stdlib")) / "site.py"
    spec = importlib.util.spec_from_file_location("site", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "site", module)
    spec.loader.exec_module(module)
