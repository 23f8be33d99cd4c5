"""One section's run, from the notebook's side: open it, ensure resources, check claims, record variables.

Notebooks import ``Runbook`` from here. It is loaded on first use: the command line reads events and modes without the clouds' clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploybook.runbook.runbook import Runbook

__all__ = ["Runbook"]


def __getattr__(name: str) -> Any:
    if name == "Runbook":
        from deploybook.runbook.runbook import Runbook

        return Runbook
    raise AttributeError(name)
