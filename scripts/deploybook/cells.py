"""A runbook's cells, executed in this process: where no notebook is open and nothing is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from deploybook.notebooks import code_cells


def run_cells(
    path: Path,
    given: Mapping[str, object],
    *,
    skipped: Collection[str] = (),
    starting: Callable[[str], object] = str,
) -> None:
    """Execute the code cells in their order, up to the first that raises.

    ``given`` goes before the parameters' defaults; cells with a tag of ``skipped`` are left out; ``starting`` hears of each cell's id
    before it is executed. What the runbook connected to is closed at the end, as it is when a kernel ends.
    """
    namespace: dict[str, object] = {"__name__": "__main__"}
    try:
        for cell, tags, source in code_cells(path):
            if tags & set(skipped):
                continue
            starting(cell)
            exec(compile(source, f"{path.name}:{cell}", "exec"), namespace)  # noqa: S102 - our own notebook
            if "parameters" in tags:
                namespace |= given
    finally:
        _close(namespace)


def _close(namespace: Mapping[str, object]) -> None:
    # A runbook executes the cells of others when it stands alone: the two modules need each other.
    from deploybook.runbook import Runbook

    for value in namespace.values():
        if isinstance(value, Runbook):
            value.clouds.close()
