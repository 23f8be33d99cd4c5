"""Where things stand in a checkout of the guide."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploybook.errors import InvalidValue

HOME_VARIABLE = "DEPLOYBOOK_HOME"


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout, all derived from its root."""

    root: Path

    @property
    def contract(self) -> Path:
        """The contract's file."""
        return self.root / "runbooks" / "contract.toml"

    @property
    def state(self) -> Path:
        """Vaults and records of what was made; git-ignored."""
        return self.root / ".deploybook"

    @property
    def runs(self) -> Path:
        """One folder for each run: executed copies and reports."""
        return self.root / "build" / "runs"

    def settings(self, environment: str) -> Path:
        """An environment's settings file."""
        return self.root / "runbooks" / "parameters" / f"{environment}.yaml"

    def notebook(self, slug: str) -> Path:
        """A section's runbook."""
        return self.root / "runbooks" / f"{slug}.ipynb"


def find_layout(start: Path | None = None) -> Layout:
    """The checkout around ``start`` (default: ``DEPLOYBOOK_HOME``, the working directory, this package's own checkout)."""
    home = os.environ.get(HOME_VARIABLE)
    starts = [start] if start else [Path(home)] if home else [Path.cwd(), Path(__file__).resolve()]
    for candidate in starts:
        for folder in (candidate.resolve(), *candidate.resolve().parents):
            if (folder / "runbooks" / "contract.toml").is_file():
                return Layout(folder)
    raise InvalidValue(
        "No runbooks/contract.toml was found here or above.",
        f"Change to a checkout of the guide, or set {HOME_VARIABLE}.",
    )
