"""The studio: a repository as app-contract describes it, with the render app and the workflow of this guide."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploybook.checks.app import find
from deploybook.checks.finding import Finding
from deploybook.contract.model import Contract, load_contract

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    app = tmp_path / "studio"
    shutil.copytree(Path(__file__).parent / "studio", app)
    shutil.copytree(ROOT / "runbooks/modal_app", app / "modal_app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "runbooks/workflows", app / ".github/workflows")
    return app


@pytest.fixture
def contract() -> Contract:
    return load_contract(ROOT / "runbooks/contract.toml")


@pytest.fixture
def findings(studio: Path, contract: Contract) -> Callable[..., list[Finding]]:
    """What is found after files were changed: ``{path: (old, new)}``; an old of ``None`` makes the file."""

    def found(changes: dict[str, tuple[str | None, str]]) -> list[Finding]:
        for path, (old, new) in changes.items():
            file = studio / path
            if old is None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(new)
                continue
            before = file.read_text()
            assert old in before, f"{path} does not hold {old!r}"
            file.write_text(before.replace(old, new, 1))
        return list(find(studio, contract))

    return found
