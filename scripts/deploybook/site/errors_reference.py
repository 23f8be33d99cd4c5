"""The reference of errors and exit codes, from the classes in ``errors.py``."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.errors import DeploybookError
from deploybook.guide.exit_codes import children, family, meaning, meanings
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, fenced, table


def error_tree(_: Guide) -> str:
    """The classes under one another, each with its exit code."""
    return fenced("text", "\n".join(_drawn(DeploybookError, "", "")))


def error_table(_: Guide) -> str:
    """Each class: its exit code, its meaning, the troubleshooting entry that it leads to by itself."""
    rows = [
        [code(kind.__name__), str(kind.exit_code), meaning(kind), _entry(kind)]
        for kind in family(DeploybookError)
        if kind is not DeploybookError
    ]
    return table(("Error", "Exit code", "What it means", "Entry"), rows)


def exit_codes(_: Guide) -> str:
    """Each exit code with the first class of the tree that has it."""
    return table(("Exit code", "Meaning"), [[str(code), meaning] for code, meaning in sorted(meanings().items())])


def _drawn(kind: type[DeploybookError], first: str, rest: str) -> Iterator[str]:
    label = first + kind.__name__
    yield f"{label:<38} exit {kind.exit_code}"
    below = children(kind)
    for child in below:
        last = child is below[-1]
        yield from _drawn(child, rest + ("└ " if last else "├ "), rest + ("  " if last else "│ "))


def _entry(kind: type[DeploybookError]) -> str:
    entry = kind.entry_default
    return f"[{entry}](troubleshooting.md#{entry})" if entry else "each names its own"
