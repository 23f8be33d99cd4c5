"""Executes a runbook's cells in this process, without a notebook and without output."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path

from deploybook.runbook.notebook_file import code_cells
from deploybook.runbook.parameters import CHOSEN

_open: ContextVar[ExitStack | None] = ContextVar("open", default=None)
_partial: ContextVar[bool] = ContextVar("partial", default=False)


def run_cells(
    path: Path,
    parameters: Mapping[str, object],
    *,
    skipped: Collection[str] = (),
    starting: Callable[[str], object] = str,
) -> None:
    """Execute the code cells in their order, up to the first that raises.

    ``parameters`` go before their defaults; cells with a tag of ``skipped`` are left out; ``starting`` is called with each
    cell's id before it is executed. What the runbook connected to is closed at the end, as it is when a kernel ends.
    """
    namespace: dict[str, object] = {"__name__": "__main__", CHOSEN: frozenset(parameters)}
    with _closing(), _leaving_out(skipped):
        for cell, tags, source in code_cells(path):
            if tags & set(skipped):
                continue
            starting(cell)
            exec(compile(source, f"{path.name}:{cell}", "exec"), namespace)  # noqa: S102 - our own notebook
            if "parameters" in tags:
                namespace |= parameters


def runs_every_cell() -> bool:
    """Whether no cell is left out on purpose, as those that check are where a dry run makes what an earlier section would have made."""
    return not _partial.get()


def close_with_cells(close: Callable[[], object]) -> None:
    """Call ``close`` when the cells that are executed in this process have ended. A kernel closes what it has by ending itself."""
    if (stack := _open.get()) is not None:
        stack.callback(close)


def within_cells() -> bool:
    """Whether cells are executed in this process just now; in a kernel of its own they are not."""
    return _open.get() is not None


@contextmanager
def _closing() -> Iterator[None]:
    with ExitStack() as stack:
        token = _open.set(stack)
        try:
            yield
        finally:
            _open.reset(token)


@contextmanager
def _leaving_out(skipped: Collection[str]) -> Iterator[None]:
    token = _partial.set(bool(skipped))
    try:
        yield
    finally:
        _partial.reset(token)
