"""A checkout of its own with a settings file, for tests that read one."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CONTRACT, ROOT

from deploybook.layout import Layout
from deploybook.runbook.settings import Settings, load_settings


def checkout(root: Path) -> Layout:
    """The repository's runbooks below ``root``, by links; only the folder of the settings is its own."""
    (root / "runbooks" / "parameters").mkdir(parents=True)
    for path in (ROOT / "runbooks").iterdir():
        if path.name != "parameters":
            (root / "runbooks" / path.name).symlink_to(path)
    return Layout(root)


def write(layout: Layout, text: str, environment: str = "production") -> Settings:
    """Write a settings file and load it."""
    path = layout.root / "runbooks" / "parameters" / f"{environment}.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(layout, CONTRACT, environment)
